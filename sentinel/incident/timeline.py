"""The timeline of an incident. It only grows: triggers of the database keep it so."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

__all__ = ["Entry", "entries", "record"]


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what, when."""

    at: float
    actor: str
    """A person, or `sentinel` for the daemon."""
    action: str
    detail: dict[str, Any]


def record(connection: Any, incident: int, *, at: float, actor: str, action: str, **detail: Any) -> None:
    """Add an entry."""
    written = json.dumps(detail, ensure_ascii=False, sort_keys=True)
    connection.execute(
        "INSERT INTO incident_timeline (incident, at, actor, action, detail) VALUES (?, ?, ?, ?, ?)",
        (incident, at, actor, action, written),
    )


def entries(connection: Any, incident: int) -> list[Entry]:
    """All of an incident's, oldest first."""
    rows = connection.execute(
        "SELECT at, actor, action, detail FROM incident_timeline WHERE incident = ? ORDER BY id", (incident,)
    )
    return [Entry(at, actor, action, json.loads(detail)) for at, actor, action, detail in rows]
