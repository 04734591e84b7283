"""What people are told of a change of an incident: whom, by which channels, when, in which words."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sentinel.duty import DutySettings
from sentinel.event import Level
from sentinel.hours import Hours
from sentinel.incident import Change, ChangeKind, Role
from sentinel.incident.clock import STATUTORY
from sentinel.notify import ChannelSettings, Notice, NotifySettings
from sentinel.store.outbox import OutboxMessage, enqueue
from sentinel.text import current_language, text

__all__ = ["ZONE", "Reach", "due_at", "message_id", "message_of", "nobody", "put_into_outbox"]

Reach = Callable[[Any, Role, float], tuple[str, str]]
"""Given the database, a role and the time: whom to tell (role and name) and their phone; empty where not known."""

ZONE: Final = ZoneInfo(DutySettings().zone)
"""The clock on the wall, unless the configuration has another."""
_TOLD: Final = frozenset(ChangeKind) - {ChangeKind.STATE, ChangeKind.LEVEL}
"""What people are told of, whoever caused it. Steps of the handling stand on the timeline."""
_TIMED: Final = (ChangeKind.CLOCK_WARNED, ChangeKind.CLOCK_OVERDUE, ChangeKind.ESCALATED)
"""What is told of a clock."""
_IDS: Final = uuid.UUID("5d0f1c7e-6a43-4b1c-9f0e-2b7f3c1a8d55")


def nobody(database: Any, role: Role, now: float) -> tuple[str, str]:
    """A `Reach` that knows no one."""
    return "", ""


def message_id(name: str) -> str:
    """The same for the same happening."""
    return str(uuid.uuid5(_IDS, name))


def put_into_outbox(
    database: Any,
    changes: Sequence[Change],
    settings: NotifySettings,
    now: float,
    reach: Reach = nobody,
    zone: ZoneInfo = ZONE,
) -> None:
    """Write what people are to be told of `changes` inside the caller's transaction, in the language spoken now.

    The daemon and the commands both go this way: what a person opens or raises is told like what a rule found.
    """
    on_duty: dict[Role, tuple[str, str]] = {}
    for change in changes:
        if change.kind not in _TOLD:
            continue
        channels = [
            channel
            for channel in settings.channels
            if change.drill == channel.drill and change.level <= channel.level
        ]
        if not channels:
            continue
        if change.role not in on_duty:
            on_duty[change.role] = reach(database, change.role, now)
        notice = _notice_of(database, change, *on_duty[change.role], zone)
        for channel in channels:
            enqueue(database, message_of(change, notice, channel, now, zone))


def _notice_of(database: Any, change: Change, person: str, phone: str, zone: ZoneInfo) -> Notice:
    """What is said of `change`, with what its incident knows.

    The phone of the `person` it is meant for is a field for gateways of text messages; the text has it not.
    """
    english = current_language() == "en"
    found = database.conn.execute(
        "SELECT attacker, victim, system, responsible, location, storm FROM incident WHERE id = ?",
        (change.incident,),
    ).fetchone()
    *known, storm = found or ("", "", "", "", "", 0)
    attacker, victim, system, responsible, location = (part or "" for part in known)
    kind, due = text(f"notify.kind.{change.kind.value}"), ""
    if change.kind in _TIMED:
        due = _moment(change.due, zone)
        kind = text("notify.clock", kind=kind, clock=text(f"incident.clock.{change.clock}"), due=due)
    return Notice(
        title=(text("incident.storm") if storm else "")
        + ((change.title_en or change.title) if english else change.title),
        number=change.number,
        kind=kind,
        level=text(f"notify.level.{change.level}"),
        department=change.department or "-",
        alerts=str(change.alerts),
        drill=text("notify.drill") if change.drill else "",
        person=person,
        phone=phone,
        code=change.kind.value,
        grade=str(change.level),
        severity=change.severity,
        category=change.category,
        attacker=text("incident.many") if storm else attacker,
        victim="" if storm else victim,
        owner=" ".join(filter(None, (change.department, system, responsible, location))),
        due=due,
        deadlines="" if due else _deadlines(database, change.incident, zone),
        ts=repr(change.at),
    )


def _deadlines(database: Any, incident: int, zone: ZoneInfo) -> str:
    """What must be done by when, soonest first."""
    rows = database.conn.execute(
        "SELECT clock, due FROM incident_clock WHERE incident = ? AND met_at IS NULL ORDER BY due",
        (incident,),
    )
    clocks = [f"{text(f'incident.clock.{clock}')} {_moment(due, zone)}" for clock, due in rows]
    return text("notify.comma").join(clocks)


def _moment(ts: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(ts, zone):%m-%d %H:%M}"


def message_of(
    change: Change, notice: Notice, channel: ChannelSettings, now: float, zone: ZoneInfo = ZONE
) -> OutboxMessage:
    """What `channel` says of `change`. The same change always gives the same id."""
    name = f"{change.incident}/{change.kind}/{change.clock}/{change.role}/{change.alerts}/{change.at!r}"
    return OutboxMessage(
        id=message_id(name),
        channel=channel.name,
        made_at=now,
        priority=change.level,
        content=notice.content(_words(notice)),
        drill=change.drill,
        about=f"{change.number}/{notice.person}",
        due_at=due_at(channel, now, zone, loud=_is_loud(channel, change)),
    )


def _words(notice: Notice) -> str:
    """What happened; to whom, and whose it is; what must be done by when; who is meant. What is not known is left out."""
    fields = notice.fields()
    lines = [text("notify.text", **fields)]
    between = " → ".join(filter(None, (notice.attacker, notice.victim)))
    owner = text("notify.owner", **fields) if notice.owner else ""
    number = text("notify.alerts", **fields) if notice.alerts not in ("-", "0") else ""
    where = text("notify.comma").join(filter(None, (between, owner, number)))
    deadlines = text("notify.deadlines", **fields) if notice.deadlines else ""
    lines += filter(None, (where, deadlines))
    return "\n".join(lines) + (text("notify.to", person=notice.person) if notice.person else "")


def due_at(channel: ChannelSettings, now: float, zone: ZoneInfo, *, loud: bool) -> float:
    """When to tell: now, or at the end of the channel's quiet hours where it is not loud."""
    hours, moment = Hours.read(channel.quiet), datetime.fromtimestamp(now, zone)
    if loud or hours is None or not hours.hold(moment):
        return now
    return hours.over_at(moment).timestamp()


def _is_loud(channel: ChannelSettings, change: Change) -> bool:
    """What breaks a channel's quiet: what is grave, and a statutory clock, which no one may miss for the sake of sleep."""
    return (
        change.clock in STATUTORY
        or change.level <= channel.loud_level
        or Level(change.severity).rank >= Level(channel.loud_severity).rank
    )
