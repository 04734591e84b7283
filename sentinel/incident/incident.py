"""The Incident: what a person handles; one row of its table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sentinel.incident.change import Change, ChangeKind, Role
from sentinel.incident.fault import IncidentError
from sentinel.incident.state import State
from sentinel.text import Message

__all__ = [
    "COLUMNS",
    "Incident",
    "change_of",
    "children_of",
    "find_incident",
    "incident_of",
    "number_of_alert",
]

COLUMNS = (
    "id number title title_en discovered_at discovered_by source state severity level_suggested level_decided"
    " clauses facts category zone attacker victim first_ts last_ts alerts inhibited findings storm assignee"
    " department responsible phone location system cii parent drill reported_at ended_at"
).split()
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM incident WHERE "
_SEVERITIES = ("informational", "low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class Incident:
    """As it stands now. Times are seconds since 1970 UTC; `first_ts` and `last_ts` those of its events."""

    id: int
    number: str
    title: str
    title_en: str | None
    discovered_at: float
    """When it was found or made known: the statutory clocks begin here, and no one can change it."""
    discovered_by: str
    source: str
    """`rule`, `person`, `outside` or `superior`."""
    state: State
    severity: int
    """Rank of the gravest alert: 0 informational … 4 critical."""
    level_suggested: int
    level_decided: int | None
    clauses: list[str]
    """Ids of the clauses that the facts seem to meet."""
    facts: dict[str, float]
    category: str
    zone: str | None
    attacker: str | None
    victim: str | None
    first_ts: float
    last_ts: float
    alerts: int
    inhibited: int
    """Alerts that an inhibition counted here."""
    findings: int
    """Different things found; past the limit they are only counted."""
    storm: bool
    assignee: str
    department: str
    responsible: str
    phone: str
    location: str
    system: str
    cii: bool
    parent: int | None
    drill: bool
    reported_at: float | None
    ended_at: float | None

    @property
    def level(self) -> int:
        """The level in force."""
        return self.level_suggested if self.level_decided is None else self.level_decided

    @property
    def severity_name(self) -> str:
        """Sigma's word."""
        return _SEVERITIES[self.severity]


def incident_of(row: tuple[Any, ...]) -> Incident:
    """From a row of `COLUMNS`."""
    values = dict(zip(COLUMNS, row, strict=True))
    values["state"] = State(values["state"])
    for name in ("clauses", "facts"):
        values[name] = json.loads(values[name])
    for name in ("storm", "cii", "drill"):
        values[name] = bool(values[name])
    return Incident(**values)


def find_incident(connection: Any, asked: int | str) -> Incident:
    """By id, or by number. Raises IncidentError."""
    column = "number" if "-" in str(asked) else "id"
    row = connection.execute(f"{_SELECT}{column} = ?", (asked,)).fetchone()
    if row is None:
        raise IncidentError(Message("incident.unknown", asked=asked))
    return incident_of(row)


def children_of(connection: Any, parent: int) -> list[Incident]:
    """The incidents that are parts of another, oldest first."""
    rows = connection.execute(f"{_SELECT}parent = ? ORDER BY id", (parent,))
    return [incident_of(row) for row in rows.fetchall()]


def number_of_alert(connection: Any, alert: str) -> str:
    """The number of the incident that an alert belongs to; empty where it belongs to none (yet)."""
    row = connection.execute(
        "SELECT number FROM incident i JOIN incident_alert l ON l.incident = i.id JOIN alert a ON a.rowid = l.alert"
        " WHERE a.id = ?",
        (alert,),
    ).fetchone()
    return "" if row is None else str(row[0])


def change_of(
    incident: Incident,
    kind: ChangeKind,
    at: float,
    role: Role = Role.OFFICER,
    clock: str = "",
    due: float = 0.0,
) -> Change:
    """A change of an incident as it stands."""
    return Change(
        incident=incident.id,
        number=incident.number,
        kind=kind,
        state=incident.state.value,
        severity=incident.severity_name,
        level=incident.level,
        title=incident.title,
        title_en=incident.title_en,
        role=role,
        alerts=incident.alerts,
        category=incident.category,
        department=incident.department,
        drill=incident.drill,
        at=at,
        clock=clock,
        due=due,
    )
