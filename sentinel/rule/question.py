"""What a leaf can ask of a field's value: text, regex, number, network, null, exists, another field, a time.

Every question has one exact test in Python. The indexes (`index.py`) only narrow down which events are
worth asking, so they may be wrong in one direction alone: too many.

Semantics are Sigma 2.1's: text is compared without case unless `cased`; a list holds when one element
does; a number and its decimal text are equal.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any

import msgspec

from sentinel.network import Networks

__all__ = [
    "Boolean",
    "Compare",
    "Exists",
    "FieldReference",
    "Network",
    "Null",
    "Number",
    "Part",
    "Pattern",
    "Question",
    "Test",
    "Text",
    "TimePart",
    "as_text",
    "elementwise",
    "text_equal",
]

Test = Callable[[Any], bool]
"""Takes a field's value (None where absent)."""

Part = str | None | bool
"""A piece of a text pattern: literal text, None for `*` (any run), True for `?` (any one character)."""


class Text(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A whole-value text pattern with wildcards."""

    parts: tuple[Part, ...]
    cased: bool = False

    @property
    def literal(self) -> str | None:
        """The text itself where there is no wildcard."""
        if not self.parts:
            return ""
        first = self.parts[0]
        return first if len(self.parts) == 1 and isinstance(first, str) else None

    def test(self) -> Test:
        on_text = self.on_text()
        return _is_present if on_text is None else elementwise(on_text)

    def on_text(self) -> Callable[[str], bool] | None:
        """The test of a text; None where it is no matter what the text is."""
        return None if self.parts == (None,) else _text_test(self.parts, self.cased)


class Pattern(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A regular expression searched anywhere in the value."""

    regex: str
    flags: int = 0

    def test(self) -> Test:
        return elementwise(self.on_text())

    def on_text(self) -> Callable[[str], bool]:
        """The test of a text."""
        search = re.compile(self.regex, self.flags).search
        return lambda text: search(text) is not None


class Number(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Equal to a number."""

    number: int | float

    def test(self) -> Test:
        number, text = self.number, str(self.number)

        def equal(value: Any) -> bool:
            if isinstance(value, (list, tuple)):
                return any(equal(item) for item in value)
            if isinstance(value, str):
                return value == text
            return value is not None and not isinstance(value, bool) and bool(value == number)

        return equal


class Boolean(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Equal to true or false; their names as text count too."""

    value: bool

    def test(self) -> Test:
        wanted, name = self.value, str(self.value).lower()

        def equal(value: Any) -> bool:
            if isinstance(value, (list, tuple)):
                return any(equal(item) for item in value)
            return value is wanted or (isinstance(value, str) and value.lower() == name)

        return equal


class Null(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Without a value."""

    def test(self) -> Test:
        return lambda value: value is None


class Exists(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The field is there (or is not), whatever its value."""

    wanted: bool

    def test(self) -> Test:
        wanted = self.wanted
        return lambda value: (value is not None) is wanted


class Compare(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Less or greater than a number."""

    operator: str
    """`lt`, `lte`, `gt`, `gte` or `neq`."""
    number: int | float

    def test(self) -> Test:
        compare, number = _COMPARISONS[self.operator], self.number

        def hold(value: Any) -> bool:
            if isinstance(value, (list, tuple)):
                return any(hold(item) for item in value)
            if isinstance(value, str):
                value = _as_number(value)
            if not isinstance(value, (int, float)) or isinstance(value, bool):
                return False
            return compare(value, number)

        return hold


class Network(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """An address inside a CIDR range."""

    network: str
    """`address/length`, no host bit set."""

    def test(self) -> Test:
        return elementwise(self.on_text())

    def on_text(self) -> Callable[[str], bool]:
        """The test of a text."""
        return Networks.plain([self.network]).hold


class FieldReference(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Equal to (or starting, ending with, containing) the value of another field, without case."""

    field: str
    starts: bool = False
    ends: bool = False

    def test(self) -> Test:
        raise TypeError("a field reference is tested on two values: use text_equal")


class TimePart(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """One part of a time (minute, hour, day, week, month, year; UTC unless the text says its offset)."""

    part: str
    number: int

    def test(self) -> Test:
        part, number = self.part, self.number

        def hold(value: Any) -> bool:
            moment = _as_time(value)
            if moment is None:
                return False
            return (moment.isocalendar().week if part == "week" else getattr(moment, part)) == number

        return hold


Question = Text | Pattern | Number | Boolean | Null | Exists | Compare | Network | FieldReference | TimePart

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "neq": lambda a, b: a != b,
}


def as_text(value: Any) -> str | None:
    """A scalar as the text that rules compare with; None for what has no text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return None


def elementwise(test: Callable[[str], bool]) -> Test:
    """Widen a test of text to any value: scalars by their text, lists by any element."""

    def hold(value: Any) -> bool:
        if value.__class__ is str:
            return test(value)
        if value is None:
            return False
        if isinstance(value, (list, tuple)):
            return any(hold(item) for item in value)
        text = as_text(value)
        return text is not None and test(text)

    return hold


def text_equal(value: Any, other: Any, starts: bool, ends: bool) -> bool:
    """Compare two fields' values for `FieldReference`."""
    if isinstance(value, (list, tuple)):
        return any(text_equal(item, other, starts, ends) for item in value)
    if isinstance(other, (list, tuple)):
        return any(text_equal(value, item, starts, ends) for item in other)
    left, right = as_text(value), as_text(other)
    if left is None or right is None:
        return False
    left, right = left.lower(), right.lower()
    if starts and ends:
        return right in left
    if starts:
        return left.startswith(right)
    return left.endswith(right) if ends else left == right


def _is_present(value: Any) -> bool:
    return any(map(_is_present, value)) if isinstance(value, (list, tuple)) else value is not None


def _text_test(parts: tuple[Part, ...], cased: bool) -> Callable[[str], bool]:
    if not cased:
        parts = tuple(part.lower() if isinstance(part, str) else part for part in parts)
    plain = _plain_test(parts)
    if plain is None:
        match = re.compile(_translate(parts), re.DOTALL).fullmatch

        def plain(text: str) -> bool:
            return match(text) is not None

    if cased:
        return plain
    exact = plain
    return lambda text: exact(text.lower())


def _plain_test(parts: tuple[Part, ...]) -> Callable[[str], bool] | None:
    """The four usual shapes (whole, prefix, suffix, inside) without a regular expression."""
    texts = [part for part in parts if isinstance(part, str)]
    if not parts:
        return lambda text: text == ""
    if len(texts) != 1:
        return None
    text = texts[0]
    if parts == (text,):
        return lambda value: value == text
    if parts == (text, None):
        return lambda value: value.startswith(text)
    if parts == (None, text):
        return lambda value: value.endswith(text)
    if parts == (None, text, None):
        return lambda value: text in value
    return None


def _translate(parts: tuple[Part, ...]) -> str:
    return "".join(
        re.escape(part) if isinstance(part, str) else (".*" if part is None else ".") for part in parts
    )


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _as_time(value: Any) -> datetime.datetime | None:
    try:
        if isinstance(value, (int, float)):
            seconds = value / 1000 if value > 1e11 else value
            return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
        if isinstance(value, str):
            return datetime.datetime.fromisoformat(value.strip())
    except (ValueError, OverflowError, OSError):
        pass
    return None
