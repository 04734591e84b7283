"""Parents and children: what one cause brought about is handled with it, and is never lost when it ends.

A child is not asked for its own acknowledgement and assessment; clocks of what it is in itself (changed pages, the
statutory report) go on.
"""

from __future__ import annotations

from typing import Any

from sentinel.incident.change import Change, ChangeKind
from sentinel.incident.clock import Clock, begin, give_up
from sentinel.incident.grade import REPORTABLE
from sentinel.incident.incident import Incident, change_of, children_of, find_incident
from sentinel.incident.settings import ClockSettings
from sentinel.incident.state import State
from sentinel.incident.timeline import SENTINEL, record

__all__ = ["adopt_forerunners", "become_child", "ends_with_parent", "release", "stand_alone"]


def become_child(
    connection: Any, child: int, parent: Incident, *, actor: str, now: float, heard: bool = True
) -> None:
    """Make `child` a part of `parent`, and what was part of it as well. Not `heard`: nobody was told of it before."""
    connection.execute("UPDATE incident SET parent = ? WHERE id = ? OR parent = ?", (parent.id, child, child))
    give_up(connection, child, (Clock.ACKNOWLEDGE, Clock.ASSESS))
    record(
        connection,
        child,
        at=now,
        actor=actor,
        action="parent",
        parent=parent.number,
        **({} if heard else {"heard": False}),
    )


def adopt_forerunners(
    connection: Any, storm: Incident, keys: tuple[str, ...], window: float, now: float, fresh: set[int]
) -> None:
    """The incidents by which a storm was known (their keys begin with one of `keys`) are parts of it, unless someone
    works on them already, or one is graver than the storm. Of those that are `fresh` nobody was told."""
    found: set[int] = set()
    for beginning in keys:
        found |= {
            id
            for (id,) in connection.execute(
                "SELECT i.id FROM incident_key k JOIN incident i ON i.id = k.incident WHERE k.key >= ? AND k.key < ?"
                " AND i.state = 'new' AND i.parent IS NULL AND i.storm = 0 AND i.severity <= ? AND i.last_ts >= ?",
                (beginning, f"{beginning[:-1]}}}", storm.severity, storm.first_ts - window),
            )
        }
    found.discard(storm.id)
    for id in sorted(found):
        become_child(connection, id, storm, actor=SENTINEL, now=now, heard=id not in fresh)


def ends_with_parent(connection: Any, child: Incident) -> bool:
    """Whether it is nothing but a part: nobody worked on it, and nothing of it is due."""
    due = "SELECT 1 FROM incident_clock WHERE incident = ? AND met_at IS NULL"
    untouched = child.state is State.NEW and child.level > REPORTABLE
    return untouched and connection.execute(due, (child.id,)).fetchone() is None


def stand_alone(connection: Any, child: Incident, settings: ClockSettings, factor: float, now: float) -> None:
    """It is no part any more; what was not asked for while it was one is asked for from now on."""
    connection.execute("UPDATE incident SET parent = NULL WHERE id = ?", (child.id,))
    if child.state is State.NEW:
        begin(connection, child.id, child.category, now, settings, factor)


def release(
    connection: Any, parent: Incident, settings: ClockSettings, factor: float, *, actor: str, now: float
) -> list[Change]:
    """The cause was none: what was counted as a part of it stands for itself, and its clocks begin now."""
    changes = []
    for child in children_of(connection, parent.id):
        if child.ended_at is not None:
            continue
        stand_alone(connection, child, settings, factor, now)
        record(connection, child.id, at=now, actor=actor, action="released", parent=parent.number)
        changes.append(change_of(find_incident(connection, child.id), ChangeKind.GROWN, now))
    return changes
