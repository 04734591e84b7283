"""What a stretch of time came to, counted from the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sentinel.duty.book import DutyBook
from sentinel.duty.patrol import Patrol
from sentinel.duty.roster import Shift, StandIn
from sentinel.duty.settings import DutySettings
from sentinel.duty.zero_report import ZeroReport, ZeroReportBook
from sentinel.event import Level
from sentinel.incident import State

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Incidents", "Summary", "summarise"]

_MOST_RULES = 10
_MOST_INCIDENTS = 100
_MOST_NAMES = 10
_SETTINGS = DutySettings()


@dataclass(frozen=True, slots=True)
class Incidents:
    """Real incidents of a stretch of time; those of drills are counted apart."""

    found: int
    """Discovered in it, by when they were discovered, whatever became of them."""
    closed: int
    """Ended in it, handled."""
    false: int
    """Ended in it as false positives."""
    open: int
    """Discovered before its end and not ended at its end."""
    drills: int
    """Incidents of drills, which no other number here counts."""
    levels: Sequence[tuple[int, int]]
    """Level and number of those found, gravest first."""
    categories: Sequence[tuple[str, int]]
    """Code and number, most first, ten at most."""
    departments: Sequence[tuple[str, int]]
    """Name and number, most first, ten at most."""
    listed: Sequence[tuple[str, str, int, str]]
    """Number, title, level and present state of the first of those found, in the order of their discovery."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Real counts from `start` up to but without `end` (seconds since 1970 UTC), by the time of what happened."""

    start: float
    end: float
    alerts: Mapping[Level, int]
    """Every level, most grave first, also those without an alert."""
    rules: Sequence[tuple[str, int]]
    """Titles of the rules that fired most, with how often."""
    drills: int
    """Alerts of drills, which no other number here counts."""
    sources: int
    """Different addresses that alerts name as originators."""
    shifts: Sequence[Shift]
    stand_ins: Sequence[StandIn]
    patrols: Sequence[Patrol]
    """The first of them, oldest first."""
    patrol_count: int
    """All of them."""
    rounds: Sequence[tuple[str, int, int]]
    """Place, rounds that the plan has until now, and those that were made."""
    handovers: int
    """Accepted in it."""
    zero_reports: Sequence[ZeroReport]
    """Those that were due in it and submitted."""
    clocks: Sequence[tuple[str, int, int]]
    """Clocks that ended or ran out in it, by name: kept, and not kept. Without drills and false positives."""
    course: Sequence[tuple[float, int, int]]
    """Beginnings of its parts, with the incidents discovered and the alerts of each."""
    incidents: Incidents

    @property
    def alert_count(self) -> int:
        """Alerts of all levels."""
        return sum(self.alerts.values())


def summarise(
    database: Database,
    book: DutyBook,
    start: float,
    end: float,
    settings: DutySettings = _SETTINGS,
    *,
    now: float | None = None,
    parts: Sequence[float] = (),
) -> Summary:
    """Count what `database` holds of that time. `parts` are the beginnings of days or months that it is made of.

    What a plan has after `now` is not due yet.
    """
    execute = database.conn.execute
    span = (start, end)
    zone = ZoneInfo(settings.zone)
    of_time = "FROM alert WHERE ts >= ? AND ts < ? AND drill ="
    levels = dict(execute(f"SELECT level, count(*) {of_time} 0 GROUP BY level", span).fetchall())
    rules = execute(
        f"SELECT max(title), count(*) {of_time} 0 GROUP BY rule_id ORDER BY 2 DESC, 1 LIMIT {_MOST_RULES}",
        span,
    ).fetchall()
    (drills,) = execute(f"SELECT count(*) {of_time} 1", span).fetchone()
    (sources,) = execute(f"SELECT count(DISTINCT src) {of_time} 0", span).fetchone()
    (handovers,) = execute(
        "SELECT count(*) FROM duty_handover_answer WHERE ts >= ? AND ts < ? AND accepted = 1", span
    ).fetchone()
    roster = book.roster(start, end)
    reports = ZeroReportBook(database, book, settings.zero_report.at, zone)
    return Summary(
        start,
        end,
        {level: levels.get(level.value, 0) for level in reversed(Level)},
        [(title, number) for title, number in rules],
        drills,
        sources,
        [shift for shift in roster.shifts if shift.start < end],
        [stand_in for stand_in in roster.stand_ins if stand_in.start < end],
        book.patrols(start, end),
        book.count_patrols(start, end),
        _rounds(book, settings, zone, start, end if now is None else min(end, now)),
        handovers,
        reports.due_within(start, end),
        _clocks(database, start, end if now is None else min(end, now)),
        _course(database, parts, end),
        _incidents(database, start, end),
    )


def _rounds(
    book: DutyBook, settings: DutySettings, zone: ZoneInfo, start: float, end: float
) -> list[tuple[str, int, int]]:
    counts: dict[str, list[int]] = {}
    for plan in settings.patrols:
        count = counts.setdefault(plan.place, [0, 0])
        for round in plan.rounds(start, end, zone):
            if round.until < end:
                count[0] += 1
                count[1] += book.patrolled(round.place, round.since, round.until)
    return [(place, due, done) for place, (due, done) in counts.items()]


def _clocks(database: Database, start: float, end: float) -> list[tuple[str, int, int]]:
    """A clock counts once: when it was met in time, else when it ran out."""
    rows = database.conn.execute(
        "SELECT clock, sum(met_at <= due), sum(met_at IS NULL OR met_at > due) FROM incident_clock c"
        " JOIN incident i ON i.id = c.incident WHERE i.drill = 0 AND i.state <> ?"
        " AND min(due, coalesce(met_at, due)) >= ? AND min(due, coalesce(met_at, due)) < ? GROUP BY clock ORDER BY clock",
        (State.FALSE_POSITIVE.value, start, end),
    ).fetchall()
    return [(clock, kept or 0, late or 0) for clock, kept, late in rows]


def _course(database: Database, parts: Sequence[float], end: float) -> list[tuple[float, int, int]]:
    execute = database.conn.execute
    course = []
    for first, last in zip(parts, (*parts[1:], end), strict=False):
        (incidents,) = execute(
            "SELECT count(*) FROM incident WHERE discovered_at >= ? AND discovered_at < ? AND drill = 0",
            (first, last),
        ).fetchone()
        (alerts,) = execute(
            "SELECT count(*) FROM alert WHERE ts >= ? AND ts < ? AND drill = 0", (first, last)
        ).fetchone()
        course.append((first, incidents, alerts))
    return course


def _incidents(database: Database, start: float, end: float) -> Incidents:
    execute = database.conn.execute
    span = (start, end)
    found = "FROM incident WHERE discovered_at >= ? AND discovered_at < ? AND drill ="
    counted: dict[bool, int] = {}
    for drill in (False, True):
        (counted[drill],) = execute(f"SELECT count(*) {found} {int(drill)}", span).fetchone()
    ended = dict(
        execute(
            "SELECT state, count(*) FROM incident WHERE ended_at >= ? AND ended_at < ? AND drill = 0 GROUP BY state",
            span,
        ).fetchall()
    )
    (still,) = execute(
        "SELECT count(*) FROM incident WHERE discovered_at < ? AND (ended_at IS NULL OR ended_at >= ?) AND drill = 0",
        (end, end),
    ).fetchone()
    listed = execute(
        f"SELECT number, title, coalesce(level_decided, level_suggested), state {found} 0 "
        f"ORDER BY discovered_at, id LIMIT {_MOST_INCIDENTS}",
        span,
    ).fetchall()
    level = "coalesce(level_decided, level_suggested)"
    levels = execute(f"SELECT {level}, count(*) {found} 0 GROUP BY 1 ORDER BY 1", span).fetchall()
    categories, departments = (
        execute(
            f"SELECT {name}, count(*) {found} 0 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_MOST_NAMES}", span
        ).fetchall()
        for name in ("category", "department")
    )
    return Incidents(
        counted[False],
        ended.get(State.CLOSED.value, 0),
        ended.get(State.FALSE_POSITIVE.value, 0),
        still,
        counted[True],
        levels,
        categories,
        departments,
        [(number, title, level, state) for number, title, level, state in listed],
    )
