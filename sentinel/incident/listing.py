"""Finding incidents among a million: every filter has its index, every page its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sentinel.incident.incident import COLUMNS, Incident, incident_of

__all__ = [
    "Filter",
    "count_incidents",
    "list_incidents",
    "next_deadlines",
    "open_by_state_and_level",
    "overdue_clocks",
]

_LEVEL = "coalesce(level_decided, level_suggested)"


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show; None is everything."""

    open: bool | None = None
    state: str | None = None
    level: int | None = None
    severity: int | None = None
    category: str | None = None
    department: str | None = None
    assignee: str | None = None
    address: str | None = None
    """Attacker or victim."""
    since: float | None = None
    until: float | None = None
    parent: int | None = None
    drill: bool | None = None


def list_incidents(
    connection: Any, chosen: Filter, limit: int = 50, before: int | None = None
) -> list[Incident]:
    """The latest first; `before` the id at which the former page ended. Within a time, by when they were found."""
    where, values = _where(chosen, ordered=True)
    timed = chosen.since is not None or chosen.until is not None
    order = "discovered_at DESC, id DESC" if timed else "id DESC"
    if before is not None:
        place = (
            "(discovered_at, id) < (SELECT discovered_at, id FROM incident WHERE id = ?)"
            if timed
            else "id < ?"
        )
        where, values = f"{where} AND {place}", [*values, before]
    query = f"SELECT {', '.join(COLUMNS)} FROM incident WHERE {where} ORDER BY {order} LIMIT ?"
    return [incident_of(row) for row in connection.execute(query, (*values, limit))]


def count_incidents(connection: Any, chosen: Filter) -> int:
    """How many there are."""
    where, values = _where(chosen)
    return int(connection.execute(f"SELECT count(*) FROM incident WHERE {where}", values).fetchone()[0])


def open_by_state_and_level(connection: Any) -> dict[tuple[str, int], int]:
    """Real open incidents by state and level in force."""
    query = f"SELECT state, {_LEVEL}, count(*) FROM incident WHERE ended_at IS NULL AND drill = 0 GROUP BY state, {_LEVEL}"
    return {(state, level): number for state, level, number in connection.execute(query)}


def next_deadlines(connection: Any, incidents: Sequence[int]) -> dict[int, tuple[str, float]]:
    """For each of some incidents the clock that ends first of those that run, and when; none where nothing is due."""
    found: dict[int, tuple[str, float]] = {}
    for id in incidents:
        row = connection.execute(
            "SELECT clock, due FROM incident_clock WHERE incident = ? AND met_at IS NULL ORDER BY due LIMIT 1",
            (id,),
        ).fetchone()
        if row is not None:
            found[id] = row
    return found


def overdue_clocks(connection: Any, now: float) -> dict[str, int]:
    """Clocks of real incidents that ran out and were not met, by clock."""
    query = (
        "SELECT clock, count(*) FROM incident_clock c JOIN incident i ON i.id = c.incident"
        " WHERE met_at IS NULL AND due <= ? AND i.drill = 0 GROUP BY clock"
    )
    return dict(connection.execute(query, (now,)).fetchall())


_CONDITIONS = {
    "state": "state = ?",
    "level": f"{_LEVEL} = ?",
    "severity": "severity = ?",
    "category": "category = ?",
    "department": "department = ?",
    "assignee": "assignee = ?",
    "since": "discovered_at >= ?",
    "until": "discovered_at < ?",
    "parent": "parent = ?",
    "drill": "drill = ?",
}


def _where(chosen: Filter, ordered: bool = False) -> tuple[str, list[Any]]:
    """The condition. `ordered`: for a page; the index on drills would find all of them, only to sort them."""
    parts, values = ["1"], []
    for name in (field.name for field in fields(chosen)):
        value = getattr(chosen, name)
        if value is None:
            continue
        if name == "open":
            parts.append("ended_at IS NULL" if value else "ended_at IS NOT NULL")
        elif name == "address":
            parts.append(
                "id IN (SELECT id FROM incident WHERE attacker = ? UNION SELECT id FROM incident WHERE victim = ?)"
            )
            values += [value, value]
        else:
            parts.append(("+" if ordered and name == "drill" else "") + _CONDITIONS[name])
            values.append(value)
    return " AND ".join(parts), values
