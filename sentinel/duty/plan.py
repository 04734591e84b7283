"""Plans of the day: rounds of patrols at their places, and the time of the zero-report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["PatrolPlan", "Round", "is_time", "moments"]

_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\Z")


@dataclass(frozen=True, slots=True)
class PatrolPlan:
    """A place that is looked at every day at set times, give or take a while."""

    place: str
    times: tuple[str, ...]
    """`08:30`, `17:30` … on the duty's clock."""
    grace: float = 3600.0
    """Seconds before and after in which a patrol counts for its time."""

    def rounds(self, start: float, end: float, zone: ZoneInfo) -> Iterator[Round]:
        """Those whose time lies from `start` up to but without `end`, by their time."""
        for at in moments(self.times, start, end, zone):
            yield Round(self.place, at, at - self.grace, at + self.grace)


@dataclass(frozen=True, slots=True)
class Round:
    """One patrol that is due at `at`, and counts from `since` up to and with `until`."""

    place: str
    at: float
    since: float
    until: float


def is_time(written: str) -> bool:
    """Is it a time of the day, `08:30`?"""
    return _TIME.match(written) is not None


def moments(times: Sequence[str], start: float, end: float, zone: ZoneInfo) -> Iterator[float]:
    """Every day's `times` from `start` up to but without `end`, in order."""
    clock = sorted(time.fromisoformat(written) for written in times)
    day: date = datetime.fromtimestamp(start, zone).date()
    last = datetime.fromtimestamp(end, zone).date()
    while day <= last:
        for one in clock:
            at = datetime.combine(day, one, zone).timestamp()
            if start <= at < end:
                yield at
        day += timedelta(days=1)
