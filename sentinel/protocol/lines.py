"""Lines of text protocols: bytes in, whole lines out, bounded."""

from __future__ import annotations

from typing import Final

__all__ = ["Lines", "printable"]

MAX_LINE: Final = 16_384


def printable(line: bytes) -> str:
    """As UTF-8 where it is, else byte by byte."""
    return line.decode("utf-8", "backslashreplace")


class Lines:
    """One direction's unfinished line. Lines end in LF or CRLF; the overlong is cut and its rest dropped."""

    __slots__ = ("_dropping", "_pending", "cut")

    def __init__(self) -> None:
        self._pending = bytearray()
        self._dropping = False
        self.cut = 0
        """Lines that were too long."""

    def push(self, data: bytes) -> None:
        """Bytes that follow."""
        self._pending += data

    def pop(self) -> bytes | None:
        """The next whole line without its end, or None."""
        pending = self._pending
        while True:
            end = pending.find(b"\n")
            if end < 0:
                if len(pending) > MAX_LINE:
                    self.cut += 1
                    self._dropping = True
                    pending.clear()
                return None
            line = bytes(pending[:end])
            del pending[: end + 1]
            if self._dropping:
                self._dropping = False
                continue
            if len(line) > MAX_LINE:
                self.cut += 1
                continue
            return line[:-1] if line.endswith(b"\r") else line

    def take(self) -> bytes:
        """Everything not yet popped: what follows is not lines."""
        rest = bytes(self._pending)
        self._pending.clear()
        return rest

    def lost(self) -> None:
        """A gap: the unfinished line and the next line's rest are worthless."""
        self._pending.clear()
        self._dropping = True
