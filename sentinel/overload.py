"""When a capture worker cannot keep up, and when it can again."""

from __future__ import annotations

__all__ = ["Overload"]

_CALM = 60.0
"""Seconds without a packet given up after which it is over."""


class Overload:
    """Follows one worker's count of packets that were shed or dropped."""

    def __init__(self) -> None:
        self._missed = 0
        self._calm_at = 0.0
        self.lasts = False

    def take(self, missed: int, now: float) -> bool:
        """`missed` packets since the worker began, at monotonic `now`. Whether it begins or ends with this: `lasts`."""
        grown = missed > self._missed or 0 < missed < self._missed  # fewer than before: another life
        self._missed = missed
        if grown:
            self._calm_at = now + _CALM
        before, self.lasts = self.lasts, grown or (self.lasts and now < self._calm_at)
        return self.lasts != before
