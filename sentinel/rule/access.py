"""How a rule reads a field: from a typed event, or from a plain mapping."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from operator import attrgetter
from typing import Any, Protocol

import msgspec

from sentinel.event import Event, field_attributes
from sentinel.rule.logsource import COMPUTED

__all__ = ["Access", "EventAccess", "RecordAccess"]

Getter = Callable[[Any], Any]


class Access(Protocol):
    """Gives readers of fields. A reader returns None where the field has no value."""

    def getter(self, field: str) -> Getter | None:
        """A reader of `field`; None where this kind never has it."""

    def presence(self, field: str) -> Getter | None:
        """A reader that is not None exactly where the field exists, even if it is null."""

    def key(self, field: str) -> str | None:
        """The key under which `field` stands in every row, where rows are mappings and it is read by that alone."""

    def keywords(self) -> Getter:
        """A reader of all texts in an event, as a list."""

    def column(self, field: str, rows: Sequence[Any]) -> list[Any]:
        """The values of a field that has a getter."""

    def lines(self, rows: Sequence[Any]) -> bytes:
        """For each row a line (UTF-8) that holds every literal, as `written` writes it, that its keywords hold."""

    def written(self, literal: bytes) -> bytes | None:
        """How a literal stands in a line; None where it may stand there in several ways, or not as it is."""

    def names(self, rows: Sequence[Any]) -> Set[str] | None:
        """The fields that some row has, of nested ones the outermost name; None where any may be there."""


class EventAccess:
    """Reads the attributes of one kind of event by wire name, and its computed fields."""

    def __init__(self, kind: type[Event]) -> None:
        self._attributes = field_attributes(kind)
        self._computed = COMPUTED.get(kind.kind, {})

    def getter(self, field: str) -> Getter | None:
        attribute = self._attributes.get(field)
        if attribute is not None:
            return attrgetter(attribute)
        return self._computed.get(field)

    def presence(self, field: str) -> Getter | None:
        return self.getter(field)

    def key(self, field: str) -> str | None:
        return None

    def keywords(self) -> Getter:
        readers = [attrgetter(attribute) for attribute in self._attributes.values()]
        return lambda event: [text for read in readers for text in _texts(read(event))]

    def column(self, field: str, rows: Sequence[Any]) -> list[Any]:
        read = self.getter(field)
        return [None] * len(rows) if read is None else list(map(read, rows))

    def lines(self, rows: Sequence[Any]) -> bytes:
        read = self.keywords()
        texts = ["\0".join(read(row)).replace("\n", "\0") for row in rows]
        return "\n".join(texts).encode("utf-8", "surrogatepass")

    def written(self, literal: bytes) -> bytes | None:
        return None if b"\n" in literal else literal

    def names(self, rows: Sequence[Any]) -> Set[str] | None:
        return None


class RecordAccess:
    """Reads mappings: the field's own name first, then dots as a path into nested mappings.

    `kind` adds that kind's computed fields (for rules' own test events).
    """

    def __init__(self, kind: str | None = None) -> None:
        self._computed = COMPUTED.get(kind or "", {})

    def getter(self, field: str) -> Getter | None:
        compute = self._computed.get(field)
        if compute is not None:
            return lambda record: compute(_Attributes(record))
        if "." not in field:
            return lambda record: record.get(field)
        return lambda record: _nested(record, field)

    def presence(self, field: str) -> Getter | None:
        read = self.getter(field)

        def present(record: Mapping[str, Any]) -> Any:
            return True if field in record else (read(record) if read is not None else None)

        return present

    def key(self, field: str) -> str | None:
        return None if "." in field or field in self._computed else field

    def keywords(self) -> Getter:
        return lambda record: list(_texts(record))

    def column(self, field: str, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        if "." in field or field in self._computed:
            read = self.getter(field)
            return list(map(read, rows)) if read is not None else []
        return [record.get(field) for record in rows]

    def lines(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        # As JSON, which is written many times faster than values are joined.
        try:
            return _encode_lines(rows)[:-1]
        except (UnicodeError, TypeError, ValueError):
            return b"\n".join(map(_as_json, rows))

    def written(self, literal: bytes) -> bytes | None:
        if _NUMERIC.issuperset(literal) or min(literal, default=0) < 0x20:
            return None  # a number may be written in several ways, a line's end stands between two values
        try:
            return msgspec.json.encode(literal.decode())[1:-1]
        except UnicodeDecodeError:
            return None

    def names(self, rows: Sequence[Mapping[str, Any]]) -> Set[str] | None:
        if self._computed:
            return None
        return {name for shape in set(map(tuple, rows)) for name in shape}


_encode = msgspec.json.Encoder().encode
_encode_lines = msgspec.json.Encoder().encode_lines
_NUMERIC = frozenset(b"0123456789.eE+-")


def _as_json(record: Mapping[str, Any]) -> bytes:
    try:
        return _encode(record)
    except (UnicodeError, TypeError, ValueError):
        written = json.dumps(record, ensure_ascii=False, default=lambda value: "\n".join(_texts(value)))
        return written.encode("utf-8", "surrogatepass")


class _Attributes:
    """A mapping with event-like attributes, for computed fields."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self._record = record

    def __getattr__(self, name: str) -> Any:
        return self._record.get(name, self._record.get(f"id.{name}"))


def _nested(record: Mapping[str, Any], field: str) -> Any:
    if field in record:
        return record[field]
    head, _, rest = field.partition(".")
    inner = record.get(head)
    if isinstance(inner, Mapping):
        return _nested(inner, rest)
    return None


def _texts(value: Any) -> Iterator[str]:
    if value is None:
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, bytes):
        yield value.decode("utf-8", "backslashreplace")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, msgspec.Struct):
        yield from _texts(msgspec.structs.asdict(value))
