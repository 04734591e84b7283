"""RESP, the serialization of Redis: a direction's bytes in, requests or replies out, bounded.

https://redis.io/docs/latest/develop/reference/protocol-spec/, versions 2 and 3.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Push", "RespError", "RespReader", "Value", "text_of"]

MAX_LINE: Final = 8192
MAX_KEPT: Final = 4096
"""Bytes of a string that are kept; the rest is skipped."""
MAX_ELEMENTS: Final = 64
"""Elements of an aggregate that are kept."""
MAX_COUNT: Final = 1 << 20
MAX_SIZE: Final = 512 << 20
"""Of one string: the server's own limit."""
MAX_DEPTH: Final = 16

_AGGREGATES: Final = frozenset(b"*~%>|")
_LINES: Final = frozenset(b"+-:_#,(")
_STRINGS: Final = frozenset(b"$!=")


class RespError(bytes):
    """An error's text."""


class Push(list["Value"]):
    """Out of band (RESP3)."""


class _Map(list["Value"]):
    """Keys and values in turn."""


Value = bytes | None | list["Value"]


def text_of(value: Value, most: int = MAX_KEPT) -> str:
    """As people read it."""
    if value is None:
        return "null"
    if isinstance(value, bytes):
        return value[:most].decode("utf-8", "backslashreplace")
    told = [text_of(element, most) for element in value]
    if isinstance(value, _Map):
        pairs = zip(told[::2], told[1::2], strict=False)
        return ("{" + ", ".join([f"{key}: {one}" for key, one in pairs]) + "}")[:most]
    return ("[" + ", ".join(told) + "]")[:most]


class _Open:
    """An aggregate whose elements are still coming."""

    __slots__ = ("kept", "left", "value")

    def __init__(self, value: list[Value], left: int, kept: bool) -> None:
        self.value = value
        self.left = left
        self.kept = kept
        """False for attributes, which belong to the value that follows them."""


class RespReader:
    """One direction: `push` bytes, then `pop` values until None."""

    __slots__ = ("_at", "_data", "_inline", "_open", "_skip", "broken")

    def __init__(self, inline: bool) -> None:
        """`inline`: lines without a type are commands (clients may speak so)."""
        self._inline = inline
        self._data = b""
        self._at = 0
        self._skip = 0
        self._open: list[_Open] = []
        self.broken = False
        """Bytes came that are no RESP: nothing more is taken."""

    def push(self, data: bytes) -> None:
        """Bytes that follow."""
        skip = self._skip
        if skip >= len(data):
            self._skip = skip - len(data)
            return
        self._skip = 0
        self._data = self._data[self._at :] + data[skip:]
        self._at = 0

    def lost(self, length: int) -> bool:
        """`length` bytes will not come. False: they are needed."""
        if self._at >= len(self._data) and self._skip >= length:
            self._skip -= length
            return True
        return False

    def pop(self) -> tuple[Value] | None:
        """The next whole value, in a tuple; None until more bytes come."""
        while not self.broken:
            data, at = self._data, self._at
            end = data.find(b"\n", at)
            if end < 0:
                self.broken = len(data) - at > MAX_LINE
                return None
            kind = data[at]
            line = data[at + 1 : end].rstrip(b"\r")
            if kind in _LINES:
                value: Value = RespError(line) if kind == 0x2D else None if kind == 0x5F else line
                self._at = end + 1
            elif kind in _STRINGS:
                found = self._string(kind, line, end + 1)
                if found is None:
                    return None
                value = found[0]
            elif kind in _AGGREGATES:
                found = self._aggregate(kind, line, end + 1)
                if found is None:
                    continue
                value = found[0]
            elif self._inline and not self._open:
                self._at = end + 1
                words: list[Value] = list(data[at:end].split())
                if not words:
                    continue
                return (words,)
            else:
                self.broken = True
                return None
            whole = self._close(value)
            if whole is not None:
                return whole
        return None

    def _number(self, line: bytes, most: int) -> int | None:
        """A length; -1 is null. Nothing else is one: the stream is broken then."""
        if line == b"-1":
            return -1
        if line.isdigit() and len(line) < 12 and int(line) <= most:
            return int(line)
        self.broken = True
        return None

    def _string(self, kind: int, line: bytes, at: int) -> tuple[Value] | None:
        size = self._number(line, MAX_SIZE)
        if size is None:
            return None
        if size < 0:
            self._at = at
            return (None,)
        kept = min(size, MAX_KEPT)
        if at + kept > len(self._data):
            return None
        value = self._data[at : at + kept]
        self._at = at + size + 2
        self._skip = max(0, self._at - len(self._data))
        if kind == 0x3D:
            value = value[4:]  # `txt:`, `mkd:`
        return (RespError(value) if kind == 0x21 else value,)

    def _aggregate(self, kind: int, line: bytes, at: int) -> tuple[Value] | None:
        """An empty or null one is a value at once; another waits for its elements."""
        count = self._number(line, MAX_COUNT)
        if count is None:
            return None
        self._at = at
        if count < 0:
            return (None,)
        value: list[Value] = Push() if kind == 0x3E else _Map() if kind in b"%|" else []
        left = count * 2 if kind in b"%|" else count
        if not left:
            return (value,) if kind != 0x7C else None
        if len(self._open) >= MAX_DEPTH:
            self.broken = True
            return None
        self._open.append(_Open(value, left, kind != 0x7C))
        return None

    def _close(self, value: Value) -> tuple[Value] | None:
        """Put a value where it belongs; the outermost one once it is whole."""
        while self._open:
            inner = self._open[-1]
            if len(inner.value) < MAX_ELEMENTS:
                inner.value.append(value)
            inner.left -= 1
            if inner.left:
                return None
            self._open.pop()
            if not inner.kept:
                return None
            value = inner.value
        return (value,)
