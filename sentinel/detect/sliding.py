"""A count over a window that slides in event time, in tenths of the window."""

from __future__ import annotations

__all__ = ["Sliding"]

_PARTS = 10


class Sliding:
    """Adds in any order; what is older than the window no longer counts."""

    __slots__ = ("_newest", "_part", "_parts")

    def __init__(self, window: float) -> None:
        self._part = window / _PARTS
        self._parts: dict[int, float] = {}
        self._newest = 0

    def add(self, ts: float, amount: float = 1) -> float:
        """Add, and give the sum over the window that ends with the newest of all."""
        part = int(ts / self._part)
        parts = self._parts
        if part > self._newest:
            self._newest = part
            for old in [old for old in parts if old <= part - _PARTS]:
                del parts[old]
        elif part <= self._newest - _PARTS:
            return sum(parts.values())
        parts[part] = parts.get(part, 0) + amount
        return sum(parts.values())

    @property
    def total(self) -> float:
        """The sum over the window that ends with the newest."""
        return sum(self._parts.values())
