"""Hours of every day, as people write them: `22:00-06:00`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

__all__ = ["Hours", "is_hours"]

_HOURS: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)\Z")


@dataclass(frozen=True, slots=True)
class Hours:
    """From minute `begin` of the day up to but without minute `end`; over midnight where `end` comes first."""

    begin: int
    end: int

    @classmethod
    def read(cls, written: str) -> Self | None:
        """None where it is not written as hours are."""
        match = _HOURS.match(written)
        if match is None:
            return None
        hour, minute, end_hour, end_minute = map(int, match.groups())
        return cls(hour * 60 + minute, end_hour * 60 + end_minute)

    def hold(self, moment: datetime) -> bool:
        """Whether `moment` lies in them."""
        minute = moment.hour * 60 + moment.minute
        if self.begin <= self.end:
            return self.begin <= minute < self.end
        return not self.end <= minute < self.begin

    def over_at(self, moment: datetime) -> datetime:
        """When the hours that hold at `moment` are over, on that zone's clock."""
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        if self.end <= moment.hour * 60 + moment.minute:
            day += timedelta(days=1)
        return day + timedelta(minutes=self.end)


def is_hours(written: str) -> bool:
    """Is it `22:00-06:00`, or nothing?"""
    return not written or Hours.read(written) is not None
