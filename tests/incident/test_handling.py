"""What people do stands on the timeline; what must not change cannot; clocks warn before and escalate after."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from sentinel.incident import ChangeKind, Handling, IncidentError, Role, State, find_incident
from sentinel.incident.timeline import entries
from tests.incident.conftest import NOW

MINUTE, HOUR = 60.0, 3600.0


def begin(connection: Any, handling: Handling, **more: Any) -> int:
    incident, _ = handling.open(connection, **{"title": "主页被改", "actor": "甲", "now": NOW, **more})
    return incident.id


def said(handling: Handling, connection: Any, now: float) -> list[tuple[str, str, str]]:
    return [(change.clock, change.kind.value, change.role.value) for change in handling.due(connection, now)]


def test_the_way_from_new_to_closed(connection: Any, handling: Handling) -> None:
    id = begin(connection, handling)
    handling.acknowledge(connection, id, actor="甲", now=NOW)
    for state in (State.INVESTIGATING, State.CONTAINED, State.ERADICATED, State.RECOVERED):
        (change,) = handling.move(connection, id, state, actor="乙", now=NOW)
        assert (change.kind, change.state) == (ChangeKind.STATE, state)
    with pytest.raises(IncidentError):
        handling.move(connection, id, State.CLOSED, actor="乙", now=NOW)
    handling.move(connection, id, State.CLOSED, actor="乙", now=NOW, reason="复测通过")
    incident = find_incident(connection, id)
    assert (incident.state, incident.ended_at, incident.assignee) == (State.CLOSED, NOW, "甲")
    assert [entry.action for entry in entries(connection, id)] == ["created"] + ["state"] * 6


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (State.CONTAINED, State.ACKNOWLEDGED),
        (State.CLOSED, State.CONTAINED),
        (State.CLOSED, State.FALSE_POSITIVE),
        (State.ACKNOWLEDGED, State.ACKNOWLEDGED),
    ],
)
def test_states_that_cannot_follow(connection: Any, handling: Handling, before: State, after: State) -> None:
    id = begin(connection, handling)
    handling.move(connection, id, before, actor="甲", now=NOW, reason="因")
    with pytest.raises(IncidentError):
        handling.move(connection, id, after, actor="甲", now=NOW, reason="因")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE incident SET discovered_at = 0",
        "DELETE FROM incident",
        "INSERT OR REPLACE INTO incident SELECT * FROM incident",
        "UPDATE OR REPLACE incident SET id = 2",
        "UPDATE OR REPLACE incident SET number = 'x'",
        "UPDATE incident_timeline SET actor = 'x'",
        "UPDATE OR REPLACE incident_timeline SET id = 7",
        "DELETE FROM incident_timeline",
        "INSERT OR REPLACE INTO incident_timeline SELECT id, incident, 0, 'x', action, detail FROM incident_timeline",
    ],
)
def test_what_no_one_can_change(connection: Any, handling: Handling, statement: str) -> None:
    begin(connection, handling)
    with pytest.raises(sqlite3.IntegrityError, match="only grows|never changes|are kept"):
        connection.execute(statement)


def test_facts_suggest_a_person_decides(connection: Any, handling: Handling) -> None:
    id = begin(connection, handling)
    changes = handling.assess(connection, id, {"personal_records": 1_000_000}, actor="甲", now=NOW)
    assert [change.kind for change in changes] == [ChangeKind.STATE, ChangeKind.RAISED]
    incident = find_incident(connection, id)
    assert (incident.level, incident.level_decided, incident.clauses) == (3, None, ["records-3"])
    with pytest.raises(IncidentError):
        handling.decide(connection, id, 4, actor="乙", now=NOW)
    (lowered,) = handling.decide(connection, id, 4, actor="乙", now=NOW, reason="重复计数,实为 9 万人")
    assert lowered.kind is ChangeKind.LEVEL
    assert find_incident(connection, id).level == 4
    assert entries(connection, id)[-1].detail["suggested"] == 3
    with pytest.raises(IncidentError, match="facts|事实"):
        handling.assess(connection, id, {"nonsense": 1}, actor="甲", now=NOW)


def test_clocks_warn_run_out_and_escalate_once_each(connection: Any, handling: Handling) -> None:
    begin(connection, handling)
    assert said(handling, connection, NOW + 4 * MINUTE) == []
    assert said(handling, connection, NOW + 5 * MINUTE) == [("acknowledge", "clock_warned", "officer")]
    assert said(handling, connection, NOW + 9 * MINUTE) == []
    assert said(handling, connection, NOW + 10 * MINUTE) == [("acknowledge", "clock_overdue", "leader")]
    assert said(handling, connection, NOW + 15 * MINUTE) == [("assess", "clock_warned", "officer")]
    assert said(handling, connection, NOW + 25 * MINUTE) == [("acknowledge", "escalated", "in_charge")]
    assert said(handling, connection, NOW + 30 * MINUTE) == [("assess", "clock_overdue", "leader")]
    assert said(handling, connection, NOW + 100 * HOUR) == [("assess", "escalated", "in_charge")]
    assert said(handling, connection, NOW + 200 * HOUR) == []


def test_after_a_long_absence_only_the_latest_stage_is_told(connection: Any, handling: Handling) -> None:
    begin(connection, handling, category="NAWEBMOD")
    late = said(handling, connection, NOW + 50 * HOUR)
    assert sorted(late) == [
        (clock, "escalated", "in_charge") for clock in ("acknowledge", "assess", "tamper")
    ]
    assert said(handling, connection, NOW + 51 * HOUR) == []


def test_what_was_done_stops_its_clock(connection: Any, handling: Handling) -> None:
    id = begin(connection, handling, category="NAWEBMOD")
    handling.assess(connection, id, {}, actor="甲", now=NOW)
    assert said(handling, connection, NOW + 20 * MINUTE) == [("tamper", "clock_warned", "officer")]
    handling.move(connection, id, State.CONTAINED, actor="甲", now=NOW + 20 * MINUTE)
    assert said(handling, connection, NOW + 100 * HOUR) == []


@pytest.mark.parametrize(("cii", "seconds"), [(False, 4 * HOUR), (True, HOUR)])
def test_the_statutory_clock_begins_with_the_discovery(
    connection: Any, handling: Handling, cii: bool, seconds: float
) -> None:
    id = begin(connection, handling, discovered_at=NOW - 600)
    handling.assess(connection, id, {"important_data": 1}, actor="甲", now=NOW, cii=cii)
    query = "SELECT due FROM incident_clock WHERE clock = 'report'"
    assert connection.execute(query).fetchone() == (NOW - 600 + seconds,)
    handling.decide(connection, id, 4, actor="乙", now=NOW, reason="因")
    assert connection.execute(query).fetchone() is None
    handling.decide(connection, id, 2, actor="乙", now=NOW)
    handling.report(connection, id, actor="丙", now=NOW, receiver="省网信办", receipt="1", kind="first")
    assert said(handling, connection, NOW + 100 * HOUR) == []
    assert find_incident(connection, id).reported_at == NOW
    handling.move(connection, id, State.CLOSED, actor="乙", now=NOW, reason="因")
    (due,) = connection.execute("SELECT due FROM incident_clock WHERE clock = 'summary'").fetchone()
    assert due == NOW + 30 * 86400
    handling.report(connection, id, actor="丙", now=NOW, receiver="省网信办", receipt="2", kind="final")
    assert said(handling, connection, NOW + 40 * 86400) == []


def test_a_guard_period_tightens_all_but_the_statutory_clocks(connection: Any, handling: Handling) -> None:
    strict = Handling(handling._settings, handling._grading, tighten=lambda now: 0.5)
    id = begin(connection, strict)
    strict.decide(connection, id, 3, actor="乙", now=NOW)
    due = dict(connection.execute("SELECT clock, due - started_at FROM incident_clock").fetchall())
    assert due == {"acknowledge": 300, "assess": 900, "report": 4 * HOUR}


def test_a_drill_is_never_reported(connection: Any, handling: Handling) -> None:
    id = begin(connection, handling, drill=True)
    with pytest.raises(IncidentError, match="演练"):
        handling.report(connection, id, actor="丙", now=NOW, receiver="省网信办", receipt="", kind="first")
    assert all(change.drill for change in handling.due(connection, NOW + HOUR))


def test_attachments_are_kept_by_digest(connection: Any, handling: Handling, tmp_path: Path) -> None:
    id = begin(connection, handling)
    file = tmp_path / "截图.png"
    file.write_bytes(b"abc")
    digest = handling.attach(connection, id, file, actor="甲", now=NOW)
    assert digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (tmp_path / "attachments" / digest).read_bytes() == b"abc"
    with pytest.raises(IncidentError):
        handling.attach(connection, id, tmp_path / "none", actor="甲", now=NOW)
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("DELETE FROM incident_attachment")


def test_the_officer_stands_below_the_leader() -> None:
    assert list(Role) == [Role.OFFICER, Role.LEADER, Role.IN_CHARGE]


def test_a_state_that_cannot_follow_is_refused_with_those_that_can(
    connection: Any, handling: Handling
) -> None:
    id = begin(connection, handling)
    handling.move(connection, id, State.CLOSED, actor="甲", now=NOW, reason="毕")
    with pytest.raises(IncidentError, match="investigating") as caught:
        handling.move(connection, id, State.CONTAINED, actor="甲", now=NOW)
    assert "“已关闭”改为“已抑制”" in str(caught.value)
    assert "研判" in str(caught.value)


def test_a_false_positive_that_was_none_takes_its_deadlines_up_again(
    connection: Any, handling: Handling
) -> None:
    id = begin(connection, handling, category="NAWEBMOD")
    handling.decide(connection, id, 3, actor="甲", now=NOW)
    handling.move(connection, id, State.FALSE_POSITIVE, actor="甲", now=NOW + MINUTE, reason="看错")
    assert handling.due(connection, NOW + 5 * HOUR) == []
    handling.move(connection, id, State.INVESTIGATING, actor="甲", now=NOW + 5 * HOUR, reason="不是误报")
    assert said(handling, connection, NOW + 5 * HOUR) == [
        ("assess", "escalated", "in_charge"),
        ("tamper", "escalated", "in_charge"),
        ("report", "escalated", "in_charge"),
    ]


def test_a_report_that_was_made_stays_made(connection: Any, handling: Handling) -> None:
    id = begin(connection, handling)
    handling.decide(connection, id, 3, actor="甲", now=NOW)
    handling.report(connection, id, actor="甲", now=NOW + 1, receiver="省网信办", receipt="", kind="first")
    handling.move(connection, id, State.FALSE_POSITIVE, actor="甲", now=NOW + 2, reason="误")
    handling.move(connection, id, State.INVESTIGATING, actor="甲", now=NOW + 3, reason="真")
    assert "report" not in {clock for clock, *_ in said(handling, connection, NOW + 9 * HOUR)}


def test_the_summary_is_not_asked_for_while_it_is_open_again(connection: Any, handling: Handling) -> None:
    id = begin(connection, handling)
    handling.decide(connection, id, 3, actor="甲", now=NOW)
    clocks = "SELECT due FROM incident_clock WHERE clock = 'summary'"
    for hours in (1.0, 3.0):
        handling.move(connection, id, State.CLOSED, actor="甲", now=NOW + hours * HOUR, reason="毕")
        assert connection.execute(clocks).fetchall() == [(NOW + hours * HOUR + 30 * 24 * HOUR,)]
        handling.move(connection, id, State.INVESTIGATING, actor="甲", now=NOW + 2 * HOUR, reason="再查")
        assert connection.execute(clocks).fetchall() == []


def test_the_clock_of_changed_pages_follows_the_category(connection: Any, handling: Handling) -> None:
    id = begin(connection, handling)
    clocks = "SELECT due FROM incident_clock WHERE clock = 'tamper'"
    handling.assess(connection, id, {}, actor="甲", now=NOW + 60, category="NAWEBMOD")
    assert connection.execute(clocks).fetchall() == [(NOW + 30 * MINUTE,)]
    handling.assess(connection, id, {}, actor="甲", now=NOW + 90, category="NASCAN")
    assert connection.execute(clocks).fetchall() == []
    assert [
        entry.detail.get("category") for entry in entries(connection, id) if entry.action == "assessed"
    ] == [
        "NAWEBMOD",
        "NASCAN",
    ]


def test_it_is_given_to_somebody(connection: Any, handling: Handling) -> None:
    with pytest.raises(IncidentError):
        handling.assign(connection, begin(connection, handling), " ", actor="甲", now=NOW)


def test_what_is_no_file_is_not_attached(connection: Any, handling: Handling, tmp_path: Path) -> None:
    id = begin(connection, handling)
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "", "absent"):
        with pytest.raises(IncidentError):
            handling.attach(connection, id, tmp_path / name, actor="甲", now=NOW)


def test_how_long_it_lasted_is_measured(connection: Any, handling: Handling) -> None:
    id = begin(connection, handling, category="NAWEBMOD")
    handling.assess(connection, id, {"home_page_seconds": None}, actor="甲", now=NOW + 600)
    assert find_incident(connection, id).level_suggested == 4
    handling.move(connection, id, State.CONTAINED, actor="甲", now=NOW + 1801)
    handling.assess(connection, id, {"home_page_seconds": None}, actor="甲", now=NOW + 9000)
    incident = find_incident(connection, id)
    assert (incident.facts, incident.level_suggested) == ({"home_page_seconds": 1801}, 3)
    assert incident.level_decided is None, "only a person decides"
    handling.move(connection, id, State.INVESTIGATING, actor="甲", now=NOW + 9000, reason="又被改")
    handling.assess(connection, id, {"home_page_seconds": None}, actor="甲", now=NOW + 9001)
    assert find_incident(connection, id).facts == {"home_page_seconds": 9001}


@pytest.mark.parametrize(
    ("fact", "value"),
    [("people", None), ("people", -1.0), ("people", float("nan")), ("home_page_seconds", float("inf"))],
)
def test_a_fact_is_a_number(connection: Any, handling: Handling, fact: str, value: float | None) -> None:
    id = begin(connection, handling)
    with pytest.raises(IncidentError, match=fact):
        handling.assess(connection, id, {fact: value}, actor="甲", now=NOW)


def test_a_report_says_to_whom(connection: Any, handling: Handling) -> None:
    id = begin(connection, handling)
    with pytest.raises(IncidentError):
        handling.report(connection, id, actor="甲", now=NOW, receiver=" ", receipt="", kind="first")
