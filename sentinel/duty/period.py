"""What a report tells of: a day, or a week, month or year of the calendar."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

__all__ = ["Period"]


class Period(enum.StrEnum):
    """Stretches of the calendar; weeks begin on Mondays (GB/T 7408.1-2023)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"

    def span(self, moment: datetime) -> tuple[datetime, datetime]:
        """The one that `moment` lies in, in its zone: its first instant, and the first after it."""
        first = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        match self:
            case Period.DAY:
                return first, first + timedelta(days=1)
            case Period.WEEK:
                first -= timedelta(days=first.weekday())
                return first, first + timedelta(days=7)
            case Period.MONTH:
                first = first.replace(day=1)
                return first, (first + timedelta(days=31)).replace(day=1)
            case Period.YEAR:
                first = first.replace(month=1, day=1)
                return first, first.replace(year=first.year + 1)

    def parts(self, moment: datetime) -> list[datetime]:
        """First instants of the months of a year, else of the days, of the one that `moment` lies in."""
        first, end = self.span(moment)
        smaller = Period.MONTH if self is Period.YEAR else Period.DAY
        parts = []
        while first < end:
            parts.append(first)
            first = smaller.span(first)[1]
        return parts
