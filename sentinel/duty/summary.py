"""What a stretch of time came to, counted from the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sentinel.duty.book import DutyBook
from sentinel.duty.patrol import Patrol
from sentinel.duty.roster import Shift, StandIn
from sentinel.event import Level
from sentinel.incident import State

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Incidents", "Summary", "summarise"]

_MOST_RULES = 10
_MOST_INCIDENTS = 100


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
    incidents: Incidents

    @property
    def alert_count(self) -> int:
        """Alerts of all levels."""
        return sum(self.alerts.values())


def summarise(database: Database, book: DutyBook, start: float, end: float) -> Summary:
    """Count what `database` holds of that time."""
    execute = database.conn.execute
    span = (start, end)
    of_time = "FROM alert WHERE ts >= ? AND ts < ? AND drill ="
    levels = dict(execute(f"SELECT level, count(*) {of_time} 0 GROUP BY level", span).fetchall())
    rules = execute(
        f"SELECT max(title), count(*) {of_time} 0 GROUP BY rule_id ORDER BY 2 DESC, 1 LIMIT {_MOST_RULES}",
        span,
    ).fetchall()
    (drills,) = execute(f"SELECT count(*) {of_time} 1", span).fetchone()
    (sources,) = execute(f"SELECT count(DISTINCT src) {of_time} 0", span).fetchone()
    roster = book.roster(start, end)
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
        _incidents(database, start, end),
    )


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
    return Incidents(
        counted[False],
        ended.get(State.CLOSED.value, 0),
        ended.get(State.FALSE_POSITIVE.value, 0),
        still,
        counted[True],
        [(number, title, level, state) for number, title, level, state in listed],
    )
