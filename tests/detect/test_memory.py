"""What detectors have learnt outlives the process; damage costs what is damaged."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel.detect.detector import Detector
from sentinel.detect.first_seen import FirstSeen
from sentinel.detect.transfer import Transfer

from .conftest import conn, detector, feed, notes

DAY = 86_400.0
TALK: dict[str, Any] = {"conn_state": "SF", "orig_bytes": 900, "resp_bytes": 900}


def after_a_restart(former: Detector) -> Detector:
    """A new one that took up what the former saved."""
    found = type(former)(former.scene)
    for name, memory in former.memories.items():
        assert memory.changed
        found.memories[name].restore(list(memory.save()))
        assert not memory.changed and not found.memories[name].changed
    return found


def test_habits_are_known_after_a_restart() -> None:
    first = detector(FirstSeen)
    feed(first, [conn(n * DAY, "10.0.0.5", "10.0.0.6", 443, **TALK) for n in range(9)])
    second = after_a_restart(first)
    assert notes(feed(second, [conn(9 * DAY, "10.0.0.5", "10.0.0.6", 443, **TALK)])) == []
    assert notes(feed(second, [conn(9 * DAY, "10.0.0.5", "10.0.0.6", 8080, **TALK)])) == [
        "First_Seen::Service"
    ]
    third = after_a_restart(second)
    assert notes(feed(third, [conn(9 * DAY + 1, "10.0.0.5", "10.0.0.6", 8080, **TALK)])) == [], "told already"


def test_the_usual_upload_is_known_after_a_restart() -> None:
    first = detector(Transfer)
    small = {**TALK, "orig_bytes": 2_000_000}
    feed(first, [conn(n * 3600.0, "10.0.0.5", "203.0.113.9", 443, **small) for n in range(60)])
    second = after_a_restart(first)
    large = [
        conn(60 * 3600.0 + n, "10.0.0.5", "203.0.113.9", 443, **{**TALK, "orig_bytes": 60_000_000})
        for n in range(2)
    ]
    assert notes(feed(second, large[:1])) == ["Exfil::Upload_Above_Usual"]
    assert notes(feed(after_a_restart(second), large[1:])) == [], "told in this hour already"
    assert notes(feed(detector(Transfer), large[:1])) == [], "a host that is not known yet"


@pytest.mark.parametrize("kind", [FirstSeen, Transfer])
def test_damaged_parts_cost_only_themselves(kind: type[Detector]) -> None:
    first = detector(kind)
    many = [
        conn(n, f"10.0.{n // 250}.{n % 250}", "203.0.113.9", 443, **{**TALK, "orig_bytes": 2_000_000})
        for n in range(1200)
    ]
    feed(first, many)
    [memory] = first.memories.values()
    parts = list(memory.save())
    assert len(parts) > 2
    second = detector(kind)
    [taken] = second.memories.values()
    assert taken.restore([parts[0], b"\xc1", parts[1][:-9]]) == (500, 2)
    assert second.entries == 500
