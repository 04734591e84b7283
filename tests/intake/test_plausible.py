"""Times that cannot be are replaced, and what was claimed is told."""

from __future__ import annotations

import math

import pytest

from sentinel.event import Log
from sentinel.intake.plausible import EARLIEST, LATEST, redate


@pytest.mark.parametrize("ts", [math.nan, math.inf, -math.inf, -1.0, 253402300799.0, 1e300])
def test_what_cannot_be(ts: float) -> None:
    event, other = (Log(ts=ts, source="x", fields={}) for ts in (ts, 7.0))
    told = redate([event, other], EARLIEST, LATEST, 5.0)
    assert told is ts or told == ts
    assert (event.ts, other.ts) == (5.0, 7.0)


def test_what_can_be_is_left_alone() -> None:
    event = Log(ts=1714521600.0, source="x", fields={})
    assert redate([event], EARLIEST, LATEST, 5.0) is None
    assert event.ts == 1714521600.0
