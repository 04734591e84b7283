"""Targets: what one source asked, guessed or named, each with the time of the last time."""

from __future__ import annotations

from typing import Any

__all__ = ["Targets"]


class Targets:
    """A bounded set of targets in event time; late events count in their own time."""

    __slots__ = ("quiet_until", "seen", "total")

    def __init__(self) -> None:
        self.seen: dict[Any, float] = {}
        self.total = 0
        """Targets seen first, over all time."""
        self.quiet_until = float("-inf")
        """Nothing is told of this source until then."""

    @property
    def weight(self) -> int:
        return len(self.seen)

    def add(self, target: Any, ts: float, kept: int, window: float) -> bool:
        """Note a target; True where it is new. Of more than `kept` those outside `window`, then the oldest, go."""
        seen = self.seen
        new = target not in seen
        if new:
            self.total += 1
            if len(seen) >= kept:
                for old in [old for old, when in seen.items() if when < ts - window]:
                    del seen[old]
                if len(seen) >= kept:
                    del seen[next(iter(seen))]
        seen[target] = ts
        return new

    def within(self, ts: float, window: float) -> int:
        """Targets of the `window` before `ts`."""
        return sum(when >= ts - window for when in self.seen.values())

    def reached(self, number: int, ts: float, window: float) -> int:
        """Targets of the `window` before `ts` where they are at least `number`, else 0."""
        if len(self.seen) < number:
            return 0
        found = self.within(ts, window)
        return found if found >= number else 0

    def shown(self, most: int = 20) -> str:
        """The latest targets, for a person."""
        return ", ".join(map(str, list(self.seen)[-most:]))
