"""Guard periods (重保): stretches of time in which clocks are tighter, severities higher and changes frozen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["GuardPeriod", "GuardPeriods"]


@dataclass(frozen=True, slots=True)
class GuardPeriod:
    """One period, from `start` up to but without `end` (seconds since 1970 UTC): it ends by itself."""

    id: int
    name: str
    start: float
    end: float
    factor: float
    """What the clocks of people are multiplied by, up to 1; statutory clocks stay."""
    raised: int
    """Steps by which severities rise."""
    freeze: bool
    """Whether systems are not to be changed."""
    actor: str
    """Who ordered it."""

    def active(self, now: float) -> bool:
        """Whether it holds at `now`."""
        return self.start <= now < self.end


@dataclass(frozen=True, slots=True)
class GuardPeriods:
    """Several periods. Where some hold at once, the strictest of each counts."""

    periods: Sequence[GuardPeriod] = ()

    def active(self, now: float) -> tuple[GuardPeriod, ...]:
        """Those that hold at `now`."""
        return tuple(period for period in self.periods if period.active(now))

    def factor(self, now: float) -> float:
        """What clocks that start at `now` are multiplied by; 1 without a period."""
        return min((period.factor for period in self.active(now)), default=1.0)

    def raised(self, now: float) -> int:
        """Steps by which severities rise at `now`."""
        return max((period.raised for period in self.active(now)), default=0)

    def frozen(self, now: float) -> bool:
        """Whether systems are not to be changed at `now`."""
        return any(period.freeze for period in self.active(now))
