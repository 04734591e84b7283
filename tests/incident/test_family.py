"""What one cause brought about is handled with it, and is not lost when it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sentinel.event import Level
from sentinel.incident import (
    ChangeKind,
    Grouping,
    Handling,
    IncidentError,
    IncidentSettings,
    Role,
    State,
    find_incident,
)
from sentinel.incident.incident import children_of
from sentinel.incident.timeline import entries
from tests.incident.conftest import NOW

Put = Callable[..., None]


@pytest.fixture
def storm(connection: Any, put: Put) -> int:
    """One incident of a storm, with three forerunners; another family stays out of it."""
    put({"category": "NACRED", "src": "192.0.2.1", "dst": "10.2.0.1"})
    put(*[{"src": f"203.0.113.{number}", "dst": f"10.1.0.{number}"} for number in range(9)])
    Grouping(IncidentSettings(storm=3)).advance(connection, 99, NOW + 2)
    (found,) = connection.execute("SELECT id FROM incident WHERE storm = 1").fetchone()
    return int(found)


def opened(connection: Any, handling: Handling, **more: Any) -> int:
    incident, _ = handling.open(connection, **{"title": "断网", "actor": "甲", "now": NOW, **more})
    return incident.id


def running(connection: Any, id: int) -> list[str]:
    query = "SELECT clock FROM incident_clock WHERE incident = ? AND met_at IS NULL ORDER BY clock"
    return [clock for (clock,) in connection.execute(query, (id,))]


def test_a_storm_adopts_its_forerunners_and_only_its_own_clocks_run(connection: Any, storm: int) -> None:
    children = children_of(connection, storm)
    assert [child.category for child in children] == ["NASCAN"] * 3
    assert [running(connection, child.id) for child in children] == [[], [], []]
    assert running(connection, storm) == ["acknowledge", "assess"]
    alone = "SELECT count(*) FROM incident WHERE parent IS NULL AND storm = 0"
    assert connection.execute(alone).fetchone() == (1,)


@pytest.mark.parametrize("state", [State.CLOSED, State.FALSE_POSITIVE])
def test_the_parts_of_a_storm_end_with_it(
    connection: Any, storm: int, handling: Handling, state: State
) -> None:
    worked_on = children_of(connection, storm)[0]
    handling.acknowledge(connection, worked_on.id, actor="乙", now=NOW + 3)
    changes = handling.move(connection, storm, state, actor="甲", now=NOW + 4, reason="误接扫描器")
    assert len(changes) == 3
    first, *others = children_of(connection, storm)
    assert first.state is State.ACKNOWLEDGED, "someone works on it: it stays open"
    assert {child.state for child in others} == {state}
    assert entries(connection, others[0].id)[-1].detail["reason"].endswith("误接扫描器")


def test_whoever_hears_of_a_cause_need_not_hear_of_each_part(connection: Any, put: Put) -> None:
    put(*[{"src": f"203.0.113.{number}", "dst": f"10.1.0.{number}"} for number in range(2)])
    grouping = Grouping(IncidentSettings(storm=5))
    assert len(grouping.advance(connection, 99, NOW + 2)[1]) == 2
    put(*[{"src": f"203.0.113.{number}", "dst": f"10.1.0.{number}"} for number in range(2, 99)])
    (change,) = grouping.advance(connection, 99, NOW + 3)[1]
    assert (change.kind, change.alerts) == (ChangeKind.CREATED, 94)
    assert len(children_of(connection, change.incident)) == 5


def test_what_outgrows_a_storm_stands_for_itself(connection: Any, storm: int, put: Put) -> None:
    first = children_of(connection, storm)[0]
    put(
        {
            "title": "网页被篡改",
            "level": Level.CRITICAL,
            "src": first.attacker,
            "dst": first.victim,
            "rule_id": "r2",
        }
    )
    (change,) = Grouping(IncidentSettings(storm=3)).advance(connection, 99, NOW + 60)[1]
    assert (change.incident, change.role) == (first.id, Role.LEADER)
    assert find_incident(connection, first.id).parent is None
    assert running(connection, first.id) == ["acknowledge", "assess"]
    assert [entry.action for entry in entries(connection, first.id)][-2:] == ["outgrown", "grown"]


def test_a_storm_takes_nothing_graver_than_itself(connection: Any, put: Put) -> None:
    put({"level": Level.CRITICAL})
    put(*[{"src": f"192.0.2.{number}", "dst": f"10.1.0.{number}"} for number in range(1, 9)])
    Grouping(IncidentSettings(storm=3)).advance(connection, 99, NOW + 2)
    (gravest,) = connection.execute("SELECT parent FROM incident WHERE severity = 4").fetchone()
    (parts,) = connection.execute("SELECT count(*) FROM incident WHERE parent IS NOT NULL").fetchone()
    assert (gravest, parts) == (None, 2)


def test_what_is_due_in_itself_stays_open(connection: Any, handling: Handling) -> None:
    parent, child = opened(connection, handling), opened(connection, handling, category="NAWEBMOD")
    handling.adopt(connection, child, parent, actor="甲", now=NOW)
    assert running(connection, child) == ["tamper"]
    handling.move(connection, parent, State.CLOSED, actor="甲", now=NOW, reason="线路恢复")
    assert find_incident(connection, child).state is State.NEW


def test_a_cause_that_was_none_lets_its_parts_go(connection: Any, handling: Handling) -> None:
    parent, child = opened(connection, handling), opened(connection, handling)
    handling.adopt(connection, child, parent, actor="甲", now=NOW)
    assert running(connection, child) == []
    changes = handling.move(connection, parent, State.FALSE_POSITIVE, actor="甲", now=NOW + 60, reason="误判")
    assert [change.incident for change in changes] == [parent, child]
    assert find_incident(connection, child).parent is None
    assert running(connection, child) == ["acknowledge", "assess"]
    due = "SELECT min(due) FROM incident_clock WHERE incident = ?"
    assert connection.execute(due, (child,)).fetchone() == (NOW + 60 + 600,)
    assert [entry.action for entry in entries(connection, child)] == ["created", "parent", "released"]


def test_there_is_one_generation(connection: Any, handling: Handling) -> None:
    top, middle, child, ended = (opened(connection, handling) for _ in range(4))
    handling.adopt(connection, child, middle, actor="甲", now=NOW)
    handling.adopt(connection, middle, top, actor="甲", now=NOW)
    assert {found.id for found in children_of(connection, top)} == {middle, child}
    handling.move(connection, ended, State.CLOSED, actor="甲", now=NOW, reason="毕")
    for parent in (child, ended, top):
        with pytest.raises(IncidentError):
            handling.adopt(connection, top, parent, actor="甲", now=NOW)
