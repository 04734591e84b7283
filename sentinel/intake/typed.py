"""Typed events (`conn`, `dns`, `http` …) out of a record's fields, each value brought to its field's type."""

from __future__ import annotations

import datetime
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from sentinel.event import KINDS, Event, field_attributes
from sentinel.intake.stamp import epoch, stamp_form

__all__ = ["EventMaker", "Untyped", "event_maker"]

_any_time = stamp_form("auto")
_EMPTY: dict[type, Any] = {int: 0, float: 0.0, bool: False, list: []}
_UNTOLD = frozenset({"uid"})
"""Texts that may be unknown; any other required text must be told."""


_TRANSPORTS = {
    **{name: name for name in ("tcp", "udp", "icmp", "sctp")},
    "6": "tcp",
    "17": "udp",
    "1": "icmp",
    "58": "icmp",
    "132": "sctp",
    "icmp6": "icmp",
    "icmpv6": "icmp",
    "ipv6-icmp": "icmp",
    "ipproto_tcp": "tcp",
    "ipproto_udp": "udp",
}
"""Zeek's name of a transport by the names and numbers that others write."""


class Untyped(Exception):
    """The record has too little, or other things, for the kind."""


@cache
def event_maker(kind: str) -> EventMaker:
    """The one maker of a kind: making it looks through all its fields, and strangers may open many streams."""
    return EventMaker(kind)


class EventMaker:
    """Makes one kind of event from mappings by wire name.

    A value that cannot be brought to its field's type is left out; a required field that is missing then is
    zero, false or empty, but for addresses, names and other texts: without these it raises Untyped.
    """

    def __init__(self, kind: str) -> None:
        self.kind = KINDS[kind]
        self._attributes = field_attributes(self.kind)
        hints = typing.get_type_hints(self.kind)
        self._convert: dict[str, Callable[[Any], Any]] = {}
        self._required: list[tuple[str, Any]] = []
        for field in msgspec.structs.fields(self.kind):
            base = _base(hints[field.name])
            self._convert[field.encode_name] = _CONVERTERS[base]
            if field.required and field.name != "ts":
                empty: Any = "" if field.name in _UNTOLD else _EMPTY.get(base)
                self._required.append((field.name, empty))

    def __contains__(self, name: str) -> bool:
        return name in self._attributes

    def make(self, ts: float, values: Mapping[str, Any]) -> Event:
        """The event of `ts` with these values by wire name; unknown names and None are passed over."""
        attributes, convert = self._attributes, self._convert
        given: dict[str, Any] = {}
        for name, value in values.items():
            attribute = attributes.get(name)
            if attribute is None or value is None:
                continue
            try:
                given[attribute] = convert[name](value)
            except (ValueError, TypeError, OverflowError):
                continue
        for attribute, empty in self._required:
            if attribute not in given:
                if empty is None:
                    raise Untyped(attribute)
                given[attribute] = list(empty) if isinstance(empty, list) else empty
        given["ts"] = ts
        if self.kind.kind == "http":
            _unescape(given)
        elif "proto" in given:
            given["proto"] = _TRANSPORTS.get(given["proto"].lower(), "unknown_transport")
        return self.kind(**given)


def _base(hint: Any) -> type:
    if isinstance(hint, types.UnionType):
        hint = next(part for part in typing.get_args(hint) if part is not types.NoneType)
    origin = typing.get_origin(hint) or hint
    return origin if origin in _CONVERTERS else str


def _whole(value: Any) -> int:
    if isinstance(value, bool):
        raise ValueError(value)
    if isinstance(value, str) and value[:2] in ("0x", "0X"):
        return int(value, 16)
    return int(value)


def _number(value: Any) -> float:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            stamp = _any_time(value, datetime.UTC)
            if stamp is None:
                raise
            return stamp
    number = float(value)
    return epoch(number) if number > 1e11 else number


def _truth(value: Any) -> bool:
    if isinstance(value, (bool, int)):
        return bool(value)
    word = str(value).lower()
    if word in ("t", "true", "1", "yes"):
        return True
    if word in ("f", "false", "0", "no"):
        return False
    raise ValueError(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    if isinstance(value, (dict, bool)):
        raise TypeError(value)
    return str(value)


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


_CONVERTERS: dict[type, Callable[[Any], Any]] = {
    int: _whole,
    float: _number,
    bool: _truth,
    str: _text,
    list: _list,
}


def _unescape(given: dict[str, Any]) -> None:
    """As from traffic: the target percent-decoded once, and as sent where that changed it."""
    uri = given.get("uri")
    if uri is not None and "%" in uri and "original_uri" not in given:
        data = unquote_to_bytes(uri)
        try:
            decoded = data.decode()
        except UnicodeDecodeError:
            decoded = data.decode("latin-1")
        if decoded != uri:
            given["uri"], given["original_uri"] = decoded, uri
