"""The timeline of an incident. It only grows: triggers of the database keep it so."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from sentinel.store import audit

__all__ = ["SENTINEL", "Entry", "contained_at", "entries", "entries_after", "last_entry", "record"]


SENTINEL: Final = "sentinel"
"""The daemon as an actor."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what, when."""

    at: float
    actor: str
    """A person, or `sentinel` for the daemon."""
    action: str
    detail: dict[str, Any]


def record(connection: Any, incident: int, *, at: float, actor: str, action: str, **detail: Any) -> None:
    """Add an entry; what a person does stands on the audit trail as well."""
    written = json.dumps(detail, ensure_ascii=False, sort_keys=True)
    connection.execute(
        "INSERT INTO incident_timeline (incident, at, actor, action, detail) VALUES (?, ?, ?, ?, ?)",
        (incident, at, actor, action, written),
    )
    if actor != SENTINEL:
        _audit(connection, incident, at, actor, action, detail)


def entries(connection: Any, incident: int) -> list[Entry]:
    """All of an incident's, oldest first."""
    rows = connection.execute(
        "SELECT at, actor, action, detail FROM incident_timeline WHERE incident = ? ORDER BY id", (incident,)
    )
    return [Entry(at, actor, action, json.loads(detail)) for at, actor, action, detail in rows]


def contained_at(connection: Any, incident: int) -> float | None:
    """When it was contained, or came into a later state, and was not looked into again since; None where it is not."""
    found = connection.execute(
        "SELECT min(at) FROM incident_timeline WHERE incident = ? AND action = 'state' AND id > (SELECT"
        " coalesce(max(id), 0) FROM incident_timeline WHERE incident = ? AND action = 'state'"
        " AND json_extract(detail, '$.after') IN ('acknowledged', 'investigating'))",
        (incident, incident),
    ).fetchone()[0]
    return None if found is None else float(found)


def entries_after(connection: Any, number: int, limit: int) -> list[tuple[int, int, Entry]]:
    """What was written after entry `number`, of whichever incident: its own number, the incident's id, the entry."""
    rows = connection.execute(
        "SELECT id, incident, at, actor, action, detail FROM incident_timeline WHERE id > ? ORDER BY id LIMIT ?",
        (number, limit),
    )
    return [
        (id, incident, Entry(at, actor, action, json.loads(detail)))
        for id, incident, at, actor, action, detail in rows
    ]


def last_entry(connection: Any) -> int:
    """Number of the newest entry; 0 where there is none."""
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM incident_timeline").fetchone()[0])


def _audit(
    connection: Any, incident: int, at: float, actor: str, action: str, detail: dict[str, Any]
) -> None:
    from sqlite_utils import Database

    number, drill = connection.execute(
        "SELECT number, drill FROM incident WHERE id = ?", (incident,)
    ).fetchone()
    audit.append(
        Database(connection, execute_plugins=False),
        ts=at,
        actor=actor,
        action=f"incident.{action}",
        subject=number,
        detail=detail,
        drill=bool(drill),
    )
