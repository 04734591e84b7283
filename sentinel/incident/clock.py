"""The clocks of an incident: what must be done by when, who is warned before and told after.

A clock goes through stages: warn the officer, tell the leader on duty that it is overdue, escalate to the person
in charge. Its row says when the next stage begins; after a long absence only the latest one is told.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from sentinel.incident.change import ChangeKind, Role
from sentinel.incident.grade import REPORTABLE
from sentinel.incident.settings import ClockSettings
from sentinel.incident.state import State

__all__ = [
    "Clock",
    "STATUTORY",
    "begin",
    "begin_tamper",
    "changed_pages",
    "clocks_from_start",
    "clocks_met_by",
    "give_up",
    "meet",
    "reopen",
    "report_seconds",
    "stage_at",
    "start",
]


class Clock(enum.StrEnum):
    """What must be done."""

    ACKNOWLEDGE = "acknowledge"
    ASSESS = "assess"
    TAMPER = "tamper"
    REPORT = "report"
    SUMMARY = "summary"


STATUTORY = frozenset({Clock.REPORT, Clock.SUMMARY})
"""No guard period changes these."""
_CHANGED_PAGES = ("NAWEBMOD", "NALINK")
_STAGES = (
    (ChangeKind.CLOCK_WARNED, Role.OFFICER),
    (ChangeKind.CLOCK_OVERDUE, Role.LEADER),
    (ChangeKind.ESCALATED, Role.IN_CHARGE),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """What is due of a clock now, and when to look again."""

    number: int
    kind: ChangeKind
    role: Role
    next_at: float | None


def changed_pages(category: str) -> bool:
    """Whether pages are changed, so that their containment has its own clock."""
    return category in _CHANGED_PAGES


def clocks_from_start(settings: ClockSettings, category: str) -> dict[Clock, float]:
    """The clocks that begin with the discovery, and their seconds."""
    clocks = {Clock.ACKNOWLEDGE: settings.acknowledge, Clock.ASSESS: settings.assess}
    if changed_pages(category):
        clocks[Clock.TAMPER] = settings.tamper
    return clocks


def clocks_met_by(state: State) -> tuple[Clock, ...]:
    """The clocks that end when an incident comes into `state`."""
    if state is State.FALSE_POSITIVE:
        return tuple(Clock)
    met: list[Clock] = []
    if state is not State.NEW:
        met.append(Clock.ACKNOWLEDGE)
    if state in (State.CONTAINED, State.ERADICATED, State.RECOVERED, State.CLOSED):
        met += [Clock.ASSESS, Clock.TAMPER]
    return tuple(met)


def report_seconds(settings: ClockSettings, level: int, cii: bool) -> float:
    """Seconds to the statutory report; 0 where none is due."""
    if level > REPORTABLE:
        return 0.0
    return settings.report_cii if cii else settings.report


def start(connection: Any, incident: int, clock: Clock, at: float, seconds: float, warn: float) -> None:
    """Begin a clock at `at`; one that runs takes over its new end, one that was met stays so."""
    if seconds <= 0:
        return
    due = at + seconds
    connection.execute(
        "INSERT INTO incident_clock (incident, clock, started_at, due, next_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (incident, clock) DO UPDATE SET due = excluded.due, stage = 0, next_at = excluded.next_at"
        " WHERE met_at IS NULL AND due IS NOT excluded.due",
        (incident, clock.value, at, due, at + seconds * warn),
    )


def begin(
    connection: Any, incident: int, category: str, at: float, settings: ClockSettings, factor: float
) -> None:
    """Begin what runs from the discovery `at`, whoever discovered it; a guard period's `factor` shortens it."""
    for clock, seconds in clocks_from_start(settings, category).items():
        start(connection, incident, clock, at, seconds * factor, settings.warn)


def begin_tamper(connection: Any, incident: int, at: float, settings: ClockSettings, factor: float) -> None:
    """Changed pages were found `at`, in an incident that may be older: one that runs goes on, one that was met before
    begins anew, since the pages were changed again."""
    connection.execute(
        "DELETE FROM incident_clock WHERE incident = ? AND clock = ? AND met_at < ?",
        (incident, Clock.TAMPER.value, at),
    )
    running = "SELECT 1 FROM incident_clock WHERE incident = ? AND clock = ?"
    if not connection.execute(running, (incident, Clock.TAMPER.value)).fetchone():
        start(connection, incident, Clock.TAMPER, at, settings.tamper * factor, settings.warn)


def give_up(connection: Any, incident: int, clocks: tuple[Clock, ...]) -> None:
    """Forget clocks that run: what they asked for is not asked any more."""
    connection.executemany(
        "DELETE FROM incident_clock WHERE incident = ? AND clock = ? AND met_at IS NULL",
        [(incident, clock.value) for clock in clocks],
    )


def reopen(connection: Any, incident: int, ended_at: float, settings: ClockSettings) -> None:
    """Let run again, with the ends that they had, the clocks that only the end of the incident had met."""
    rows = connection.execute(
        "SELECT clock, started_at, due FROM incident_clock WHERE incident = ? AND met_at = ? AND clock != ?",
        (incident, ended_at, Clock.ACKNOWLEDGE.value),
    ).fetchall()
    connection.executemany(
        "UPDATE incident_clock SET met_at = NULL, stage = 0, next_at = ? WHERE incident = ? AND clock = ?",
        [(at + (due - at) * settings.warn, incident, clock) for clock, at, due in rows],
    )


def meet(connection: Any, incident: int, clocks: tuple[Clock, ...], at: float) -> None:
    """End clocks: what they asked for is done."""
    connection.executemany(
        "UPDATE incident_clock SET met_at = ?, next_at = NULL WHERE incident = ? AND clock = ? AND met_at IS NULL",
        [(at, incident, clock.value) for clock in clocks],
    )


def stage_at(settings: ClockSettings, due: float, now: float) -> Stage:
    """The latest stage that `now` has reached, of a clock whose next stage is due."""
    begins = (due, due + settings.escalate)
    number = 1 + sum(now >= begin for begin in begins)
    kind, role = _STAGES[number - 1]
    return Stage(number, kind, role, begins[number - 1] if number <= len(begins) else None)
