"""Hours of the day, over midnight too."""

from __future__ import annotations

from datetime import datetime

import pytest

from sentinel.hours import Hours, is_hours


@pytest.mark.parametrize(
    ("written", "at", "holds"),
    [
        ("22:00-06:00", "22:00", True),
        ("22:00-06:00", "05:59", True),
        ("22:00-06:00", "06:00", False),
        ("08:00-18:30", "18:29", True),
        ("08:00-18:30", "07:59", False),
        ("00:00-24:00", "23:59", True),
    ],
)
def test_when_they_hold(written: str, at: str, holds: bool) -> None:
    hours = Hours.read(written)
    assert hours is not None
    assert hours.hold(datetime.fromisoformat(f"2026-11-25 {at}")) is holds


@pytest.mark.parametrize(
    ("written", "at", "over"),
    [
        ("22:00-06:00", "2026-11-25 23:00", "2026-11-26 06:00"),
        ("22:00-06:00", "2026-11-25 03:00", "2026-11-25 06:00"),
        ("00:00-24:00", "2026-11-25 03:00", "2026-11-26 00:00"),
    ],
)
def test_when_they_are_over(written: str, at: str, over: str) -> None:
    hours = Hours.read(written)
    assert hours is not None
    assert hours.over_at(datetime.fromisoformat(at)) == datetime.fromisoformat(over)


def test_what_hours_are_written_like() -> None:
    assert is_hours("") and is_hours("22:00-06:00")
    assert not is_hours("22-06") and not is_hours("25:00-06:00")
