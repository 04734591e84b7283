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

    __slots__ = ("_held", "_measure", "_most", "_need", "_skip", "broken")

    def __init__(self, measure: Measure, most: int) -> None:
        """`most`: bytes of a message that are kept; more than its head has."""
        self._measure = measure
        self._most = most
        self._held: bytearray | None = None
        self._need = 0
        self._skip = 0
        self.broken = False
        """Bytes came where no message can begin: nothing more is taken."""

    def push(self, data: bytes) -> list[bytes]:
        """Bytes that follow; gives the messages now whole, or as much of each as is kept."""
        skip = self._skip
        if skip:
            if len(data) <= skip:
                self._skip = skip - len(data)
                return []
            self._skip = 0
            data = data[skip:]
        held = self._held
        if held is not None:
            held += data
            if len(held) < self._need:
                return []
            data = bytes(held)
            self._held = None
        return [] if self.broken else self._cut(data)

    def _cut(self, data: bytes) -> list[bytes]:
        found: list[bytes] = []
        measure, most = self._measure, self._most
        at, size = 0, len(data)
        while at < size:
            length = measure(data, at)
            if length < 0:
                self.broken = True
                break
            kept = min(length, most) if length else size - at + 1
            if at + kept > size:
                self._held = bytearray(data[at:])
                self._need = kept
                break
            found.append(data[at : at + kept])
            at += length
            if at > size:
                self._skip = at - size
        return found

    def lost(self, length: int) -> bool:
        """`length` bytes will not come. False: where the next message begins is not known any more."""
        if self._held is None and self._skip >= length:
            self._skip -= length
            return True
        return False

    def take(self) -> bytes:
        """Everything not yet given out: what follows is another protocol's."""
        rest = bytes(self._held or b"")
        self._held = None
        return rest
