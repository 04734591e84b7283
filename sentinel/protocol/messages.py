"""Messages that say how long they are: a direction's bytes in, whole messages out, bounded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

__all__ = ["BROKEN", "MORE", "Measure", "Messages"]

MORE: Final = 0
"""The length cannot be said before more bytes come."""
BROKEN: Final = -1
"""No message begins here."""

Measure = Callable[[bytes, int], int]
"""Length in bytes, head included, of the message at a place in the data; or MORE, or BROKEN."""


class Messages:
    """One direction's unfinished message. Of a long one only the beginning is kept; the rest is skipped."""

    __slots__ = ("_at", "_data", "_held", "_most", "_need", "_skip", "broken", "measure")

    def __init__(self, measure: Measure, most: int) -> None:
        """`most`: bytes of a message that are kept; more than its head has."""
        self.measure = measure
        """May be changed between two messages."""
        self._most = most
        self._data = b""
        self._at = 0
        self._held: bytearray | None = None
        self._need = 0
        self._skip = 0
        self.broken = False
        """Bytes came where no message can begin: nothing more is taken."""

    def push(self, data: bytes) -> None:
        """Bytes that follow; what came before has been popped."""
        skip = self._skip
        if skip:
            if len(data) <= skip:
                self._skip = skip - len(data)
                return
            self._skip = 0
            data = data[skip:]
        held = self._held
        if held is not None:
            held += data
            if len(held) < self._need:
                return
            data = bytes(held)
            self._held = None
        self._data = data
        self._at = 0

    def pop(self) -> bytes | None:
        """The next whole message, or as much of it as is kept; None until more bytes come."""
        data, at = self._data, self._at
        size = len(data)
        if at >= size or self.broken:
            return None
        length = self.measure(data, at)
        if length < 0:
            self.broken = True
            return None
        kept = min(length, self._most) if length else size - at + 1
        if at + kept > size:
            self._held = bytearray(data[at:])
            self._need = kept
            self._data = b""
            return None
        self._at = at + length
        if self._at > size:
            self._skip = self._at - size
        return data[at : at + kept]

    def lost(self, length: int) -> bool:
        """`length` bytes will not come. False: where the next message begins is not known any more."""
        if self._held is None and self._skip >= length:
            self._skip -= length
            return True
        return False

    def take(self) -> bytes:
        """Everything not yet popped: what follows is another protocol's."""
        rest = bytes(self._held) if self._held is not None else self._data[self._at :]
        self._held = None
        self._data = b""
        return rest
