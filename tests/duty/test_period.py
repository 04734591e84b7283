"""Periods of the calendar, in the zone of the wall's clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from sentinel.duty import Period

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("period", "moment", "start", "end"),
    [
        (Period.DAY, "2026-11-25", "2026-11-25", "2026-11-26"),
        (Period.WEEK, "2026-11-25", "2026-11-23", "2026-11-30"),
        (Period.WEEK, "2026-11-23", "2026-11-23", "2026-11-30"),
        (Period.WEEK, "2027-01-03", "2026-12-28", "2027-01-04"),
        (Period.MONTH, "2028-02-29", "2028-02-01", "2028-03-01"),
        (Period.MONTH, "2026-12-31", "2026-12-01", "2027-01-01"),
        (Period.YEAR, "2028-02-29", "2028-01-01", "2029-01-01"),
    ],
)
def test_spans(period: Period, moment: str, start: str, end: str) -> None:
    inside = datetime.fromisoformat(f"{moment} 23:59:59").replace(tzinfo=ZONE)
    assert [f"{edge:%Y-%m-%d %H:%M:%S%z}" for edge in period.span(inside)] == [
        f"{edge} 00:00:00+0800" for edge in (start, end)
    ]


def test_a_day_on_which_clocks_change_is_whole() -> None:
    start, end = Period.DAY.span(datetime(2026, 10, 25, 12, tzinfo=ZoneInfo("Europe/Berlin")))
    assert end.timestamp() - start.timestamp() == 25 * 3600


def test_parts_are_days_and_of_a_year_months() -> None:
    moment = datetime(2028, 2, 9, tzinfo=ZONE)
    assert len(Period.MONTH.parts(moment)) == 29
    assert [part.month for part in Period.YEAR.parts(moment)] == list(range(1, 13))
    assert Period.DAY.parts(moment) == [moment]
    assert [part.day for part in Period.WEEK.parts(moment)] == [7, 8, 9, 10, 11, 12, 13]
