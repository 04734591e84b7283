"""Times of the day become moments, in their zone, each day once."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from sentinel.duty import PatrolPlan
from sentinel.duty.plan import is_time, moments

ZONE = ZoneInfo("Asia/Shanghai")


def ts(written: str) -> float:
    return datetime.fromisoformat(written).replace(tzinfo=ZONE).timestamp()


def test_moments_of_two_days_in_order() -> None:
    found = list(moments(("17:30", "08:30"), ts("2026-11-25 08:30"), ts("2026-11-26 17:30"), ZONE))
    assert found == [ts("2026-11-25 08:30"), ts("2026-11-25 17:30"), ts("2026-11-26 08:30")]
    assert list(moments((), 0, 1e6, ZONE)) == []


def test_a_round_counts_from_before_to_after_its_time() -> None:
    (round,) = PatrolPlan("机房", ("08:30",), 600).rounds(
        ts("2026-11-25 00:00"), ts("2026-11-26 00:00"), ZONE
    )
    assert (round.place, round.at) == ("机房", ts("2026-11-25 08:30"))
    assert (round.since, round.until) == (ts("2026-11-25 08:20"), ts("2026-11-25 08:40"))


@pytest.mark.parametrize(
    ("written", "right"), [("08:30", True), ("24:00", False), ("8:30", False), ("", False)]
)
def test_what_a_time_is_written_like(written: str, right: bool) -> None:
    assert is_time(written) is right
