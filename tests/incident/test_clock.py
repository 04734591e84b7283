"""Clocks: which run, when they warn, what ends them."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel.incident import ChangeKind, ClockSettings, Role, State
from sentinel.incident.clock import (
    Clock,
    begin,
    clocks_from_start,
    clocks_met_by,
    meet,
    report_seconds,
    stage_at,
    start,
)
from tests.incident.conftest import NOW

SETTINGS = ClockSettings()


@pytest.fixture
def incident(connection: Any) -> int:
    cursor = connection.execute(
        "INSERT INTO incident (number, title, discovered_at, discovered_by, source, state, severity, level_suggested,"
        " category, first_ts, last_ts) VALUES ('1', 'x', ?, 'x', 'person', 'new', 3, 4, 'OTH', ?, ?)",
        (NOW, NOW, NOW),
    )
    return int(cursor.lastrowid)


def row(connection: Any, clock: Clock) -> tuple[float, int, float | None, float | None] | None:
    """Due, stage, next look and when it was met; seconds after the discovery."""
    found = connection.execute(
        "SELECT due - ?, stage, next_at - ?, met_at - ? FROM incident_clock WHERE clock = ?",
        (NOW, NOW, NOW, clock.value),
    ).fetchone()
    return None if found is None else tuple(found)


@pytest.mark.parametrize(
    ("category", "clocks"),
    [
        ("NASCAN", {"acknowledge": 600, "assess": 1800}),
        ("NAWEBMOD", {"acknowledge": 600, "assess": 1800, "tamper": 1800}),
        ("NALINK", {"acknowledge": 600, "assess": 1800, "tamper": 1800}),
    ],
)
def test_what_runs_from_the_discovery(category: str, clocks: dict[str, float]) -> None:
    assert clocks_from_start(SETTINGS, category) == clocks


@pytest.mark.parametrize(
    ("level", "cii", "hours"), [(4, False, 0), (4, True, 0), (3, False, 4), (3, True, 1), (1, False, 4)]
)
def test_the_statutory_report(level: int, cii: bool, hours: float) -> None:
    assert report_seconds(SETTINGS, level, cii) == hours * 3600


@pytest.mark.parametrize(
    ("state", "clocks"),
    [
        (State.NEW, set()),
        (State.ACKNOWLEDGED, {"acknowledge"}),
        (State.INVESTIGATING, {"acknowledge"}),
        (State.CONTAINED, {"acknowledge", "assess", "tamper"}),
        (State.CLOSED, {"acknowledge", "assess", "tamper"}),
        (State.FALSE_POSITIVE, set(Clock)),
    ],
)
def test_what_a_state_ends(state: State, clocks: set[str]) -> None:
    assert set(clocks_met_by(state)) == clocks


@pytest.mark.parametrize(
    ("now", "kind", "role", "next_at"),
    [
        (999.9, ChangeKind.CLOCK_WARNED, Role.OFFICER, 1000),
        (1000, ChangeKind.CLOCK_OVERDUE, Role.LEADER, 1900),
        (1899.9, ChangeKind.CLOCK_OVERDUE, Role.LEADER, 1900),
        (1900, ChangeKind.ESCALATED, Role.IN_CHARGE, None),
        (1e9, ChangeKind.ESCALATED, Role.IN_CHARGE, None),
    ],
)
def test_stages_climb_the_roster(now: float, kind: ChangeKind, role: Role, next_at: float | None) -> None:
    stage = stage_at(SETTINGS, 1000, now)
    assert (stage.kind, stage.role, stage.next_at) == (kind, role, next_at)


def test_it_warns_after_its_share(connection: Any, incident: int) -> None:
    start(connection, incident, Clock.REPORT, NOW, 3600, 0.75)
    assert row(connection, Clock.REPORT) == (3600, 0, 2700, None)


def test_a_clock_of_no_seconds_is_switched_off(connection: Any, incident: int) -> None:
    start(connection, incident, Clock.REPORT, NOW, 0, 0.5)
    assert row(connection, Clock.REPORT) is None


def test_a_running_clock_takes_over_a_new_end_and_warns_anew(connection: Any, incident: int) -> None:
    start(connection, incident, Clock.REPORT, NOW, 4 * 3600, 0.5)
    connection.execute("UPDATE incident_clock SET stage = 1, next_at = ?", (NOW + 4 * 3600,))
    start(connection, incident, Clock.REPORT, NOW, 4 * 3600, 0.5)
    assert row(connection, Clock.REPORT) == (4 * 3600, 1, 4 * 3600, None), "the same end changes nothing"
    start(connection, incident, Clock.REPORT, NOW, 3600, 0.5)
    assert row(connection, Clock.REPORT) == (3600, 0, 1800, None)


def test_what_was_met_stays_so(connection: Any, incident: int) -> None:
    start(connection, incident, Clock.REPORT, NOW, 3600, 0.5)
    meet(connection, incident, (Clock.REPORT, Clock.SUMMARY), NOW + 60)
    meet(connection, incident, (Clock.REPORT,), NOW + 90)
    start(connection, incident, Clock.REPORT, NOW, 1800, 0.5)
    assert row(connection, Clock.REPORT) == (3600, 0, None, 60)
    assert row(connection, Clock.SUMMARY) is None, "nothing is met that never ran"


def test_a_guard_period_shortens_what_begins_with_the_discovery(connection: Any, incident: int) -> None:
    begin(connection, incident, "NAWEBMOD", NOW, SETTINGS, 0.5)
    ends = {clock: found[0] for clock in Clock if (found := row(connection, clock))}
    assert ends == {Clock.ACKNOWLEDGE: 300, Clock.ASSESS: 900, Clock.TAMPER: 900}
