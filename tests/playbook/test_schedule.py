"""When schedules are due: once a day over changes of the clock, and what passed without a daemon."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.playbook.document import Schedule
from sentinel.playbook.schedule import due_between, latest_due

CHINA, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


def ts(written: str, zone: ZoneInfo = CHINA, fold: int = 0) -> float:
    return datetime.fromisoformat(written).replace(tzinfo=zone, fold=fold).timestamp()


@pytest.mark.parametrize(
    ("now", "due"),
    [("2026-11-25T16:59:59", "2026-11-24T17:00"), ("2026-11-25T17:00", "2026-11-25T17:00"),
     ("2026-11-25T23:59", "2026-11-25T17:00"), ("2026-01-01T00:00", "2025-12-31T17:00")],
)  # fmt: skip
def test_daily_by_the_sites_clock(now: str, due: str) -> None:
    assert latest_due(Schedule(at="17:00"), ts(now), CHINA) == ts(due)


def test_every_so_often() -> None:
    assert latest_due(Schedule(every=7200), 7200 * 5 + 1, CHINA) == 7200 * 5
    assert latest_due(Schedule(every=7200), 7200 * 5, CHINA) == 7200 * 5


@pytest.mark.parametrize("at", ["02:30", "00:00", "03:00"])
@pytest.mark.parametrize("begin", ["2026-03-27T12:00", "2026-10-23T12:00"])
def test_once_a_day_whatever_the_clock_does(begin: str, at: str) -> None:
    """Berlin's clock leaps from 02:00 to 03:00 on 29 March 2026 and has the hour from 02:00 twice on 25 October."""
    started, looked, days = ts(begin, BERLIN), ts(begin, BERLIN), []
    for minute in range(1, 4 * 24 * 60):
        now = started + minute * 60
        if (due := due_between(Schedule(at=at), looked, now, BERLIN)) is not None:
            assert (due.ts, due.passed_over) == (now, 0)
            days.append(datetime.fromtimestamp(now, BERLIN).date())
            looked = due.ts
    assert days == [days[0] + timedelta(days=number) for number in range(4)]


@pytest.mark.parametrize(
    ("schedule", "looked", "now", "due", "passed_over"),
    [
        (Schedule(at="17:00"), "2026-11-24T17:00", "2026-11-25T16:59", None, 0),
        (Schedule(at="17:00"), "2026-11-24T17:00", "2026-11-25T17:40", "2026-11-25T17:00", 0),
        (Schedule(at="17:00"), "2026-11-20T17:00", "2026-11-25T17:40", "2026-11-25T17:00", 4),
        (Schedule(at="17:00"), "2026-11-20T18:00", "2026-11-25T17:40", "2026-11-25T17:00", 4),
        (Schedule(every=3600), "2026-11-25T10:00", "2026-11-25T10:59", None, 0),
        (Schedule(every=3600), "2026-11-25T10:00", "2026-11-25T13:10", "2026-11-25T13:00", 2),
        (Schedule(every=3600), "2026-11-25T10:30", "2026-11-25T13:10", "2026-11-25T13:00", 2),
    ],
)
def test_what_passed_is_counted(
    schedule: Schedule, looked: str, now: str, due: str | None, passed_over: int
) -> None:
    found = due_between(schedule, ts(looked), ts(now), CHINA)
    assert (found and (found.ts, found.passed_over)) == (due and (ts(due), passed_over))


@given(st.floats(0, 2e9), st.integers(1, 10**6), st.sampled_from(["00:00", "02:30", "23:59"]))
def test_what_is_due_lies_between(looked: float, later: int, at: str) -> None:
    for schedule in (Schedule(at=at), Schedule(every=600.0)):
        found = due_between(schedule, looked, looked + later, BERLIN)
        assert found is None or looked < found.ts <= looked + later
        assert found is not None or later < 90_001
