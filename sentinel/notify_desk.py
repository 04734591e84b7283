"""The desk of notifications: changes of incidents go into the outbox with them, and out of it by channel."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from sentinel.duty import DutySettings, Reminder
from sentinel.event import Level
from sentinel.hours import Hours
from sentinel.incident import Change, ChangeKind, Role
from sentinel.log import Log
from sentinel.metrics import Metrics
from sentinel.notify import ChannelSettings, Delivery, Notice, NotifySettings
from sentinel.store import StoreError, StoreWriter
from sentinel.store.outbox import OutboxMessage, OutboxStore, enqueue
from sentinel.text import current_language, text

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["NotifyDesk", "Reach", "message_of", "put_into_outbox"]

Reach = Callable[[Any, Role, float], tuple[str, str]]
"""Given the database, a role and the time: whom to tell (role and name) and their phone; empty where not known."""

_TOLD: Final = frozenset(ChangeKind) - {ChangeKind.STATE, ChangeKind.LEVEL}
"""What people are told of, whoever caused it. Steps of the handling stand on the timeline."""
_EVERY: Final = 1.0
"""Seconds between looks at the outbox."""
_REMINDING: Final = 3
"""Priority of reminders: after what is grave, before what is ordinary."""
_TIDY: Final = 60.0
"""Seconds between looks for what is too old, too much, or for a channel that is no more."""
_TIMED: Final = (ChangeKind.CLOCK_WARNED, ChangeKind.CLOCK_OVERDUE, ChangeKind.ESCALATED)
"""What is told of a clock."""
_ZONE: Final = ZoneInfo(DutySettings().zone)
_IDS: Final = uuid.UUID("5d0f1c7e-6a43-4b1c-9f0e-2b7f3c1a8d55")

_log = Log("notify")


def nobody(database: Any, role: Role, now: float) -> tuple[str, str]:
    """A `Reach` that knows no one."""
    return "", ""


class NotifyDesk:
    """`within` belongs into the transaction of changes; `run` is a task of the owner's."""

    def __init__(
        self,
        settings: NotifySettings,
        writer: StoreWriter,
        *,
        metrics: Metrics | None = None,
        reach: Reach = nobody,
        zone: ZoneInfo = _ZONE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._zone = zone
        self._strange: dict[str, int] = {}
        """What waits for channels that are configured no more, as last told."""
        self._writer = writer
        self._metrics = metrics
        self._reach = reach
        self._clock = clock
        self._down: set[str] = set()
        self._outage = _log.outage("notify.behind")

    def within(self, database: Any, changes: Sequence[Change]) -> None:
        """Write what people are to be told of `changes`, inside their transaction."""
        put_into_outbox(database, changes, self._settings, self._clock(), self._reach, self._zone)

    def remind(self, database: Any, reminder: Reminder, now: float) -> None:
        """Write what the duty desk reminds of, inside its transaction: to all channels but those of drills, at once."""
        person, phone = self._reach(database, reminder.role, now)
        words = str(reminder.message)
        notice = Notice(
            title=words,
            kind=text("notify.kind.reminder"),
            person=person,
            phone=phone,
            code="reminder",
            ts=repr(now),
        )
        said = words + (text("notify.to", person=person) if person else "")
        for channel in self._settings.channels:
            if not channel.drill:
                id = str(uuid.uuid5(_IDS, reminder.id))
                message = OutboxMessage(id, channel.name, now, _REMINDING, notice.content(said))
                enqueue(database, message)

    async def run(self) -> None:
        """Deliver until cancelled. A channel that does not answer holds up no other."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tidy())
            for channel in self._settings.channels:
                delivery = Delivery(channel, self._settings, self._writer, self._told, clock=self._clock)
                tasks.create_task(self._keep_delivering(delivery))

    async def _keep_delivering(self, delivery: Delivery) -> None:
        while True:
            try:
                tried = await delivery.work()
            except StoreError as error:
                tried = 0
                self._outage.failed(error)
            else:
                self._outage.over()
            if not tried:
                await asyncio.sleep(_EVERY)

    async def _tidy(self) -> None:
        tidied = float("-inf")
        while True:
            try:
                if time.monotonic() - tidied >= _TIDY:
                    tidied = time.monotonic()
                    await self.tidy()
                waiting = await self._writer.run(lambda database: OutboxStore(database).waiting())
                self._measure(waiting)
            except StoreError as error:
                self._outage.failed(error)
            await asyncio.sleep(_EVERY)

    async def tidy(self) -> None:
        """Forget what is old; give up what no channel takes any more, or what is too much. Raises StoreError."""
        settings, now = self._settings, self._clock()
        known = {channel.name for channel in settings.channels}

        def work(database: Database) -> tuple[dict[str, int], dict[str, int]]:
            outbox = OutboxStore(database)
            outbox.forget(now - settings.keep)
            gone = outbox.abandon(known, now - settings.give_up, now, text("notify.removed"))
            return gone, outbox.curtail(settings.waiting, now, text("notify.too-many"))

        for reason, given_up in zip(("removed", "too-many"), await self._writer.run(work), strict=True):
            for channel, number in given_up.items():
                _log.error(f"notify.given-up.{reason}", channel=channel, number=number)

    def _measure(self, waiting: dict[str, int]) -> None:
        known = {channel.name for channel in self._settings.channels}
        strange = {name: number for name, number in waiting.items() if name not in known}
        for name in strange.keys() - self._strange.keys():
            _log.warning("notify.strange", channel=name, number=strange[name])
        if self._metrics is not None:
            for name in known | strange.keys() | self._strange.keys():
                self._metrics.outbox(name, waiting.get(name, 0))
        self._strange = strange

    def _told(self, channel: str, outcome: str, reason: str) -> None:
        if self._metrics is not None:
            self._metrics.notified(channel, outcome)
        if outcome == "delivered":
            if channel in self._down:
                self._down.discard(channel)
                _log.info("notify.again", channel=channel)
        elif outcome == "failed":
            _log.error("notify.failed", channel=channel, reason=reason)
        elif channel not in self._down:
            self._down.add(channel)
            _log.warning("notify.retried", channel=channel, reason=reason)


def put_into_outbox(
    database: Any,
    changes: Sequence[Change],
    settings: NotifySettings,
    now: float,
    reach: Reach = nobody,
    zone: ZoneInfo = _ZONE,
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
        notice = notice_of(database, change, *on_duty[change.role], zone)
        for channel in channels:
            enqueue(database, message_of(change, notice, channel, now, zone))


def notice_of(database: Any, change: Change, person: str, phone: str, zone: ZoneInfo) -> Notice:
    """What is said of `change`, with what its incident knows.

    The phone of the `person` it is meant for is a field for gateways of text messages; the text has it not.
    """
    english = current_language() == "en"
    found = database.conn.execute(
        "SELECT attacker, victim FROM incident WHERE id = ?", (change.incident,)
    ).fetchone()
    attacker, victim = found or (None, None)
    kind, due = text(f"notify.kind.{change.kind.value}"), ""
    if change.kind in _TIMED:
        due = f"{datetime.fromtimestamp(change.due, zone):%m-%d %H:%M}"
        kind = text("notify.clock", kind=kind, clock=text(f"incident.clock.{change.clock}"), due=due)
    return Notice(
        title=(change.title_en or change.title) if english else change.title,
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
        attacker=attacker or "",
        victim=victim or "",
        due=due,
        ts=repr(change.at),
    )


def message_of(
    change: Change, notice: Notice, channel: ChannelSettings, now: float, zone: ZoneInfo = _ZONE
) -> OutboxMessage:
    """What `channel` says of `change`. The same change always gives the same id."""
    words = text("notify.text", **notice.fields())
    if notice.person:
        words += text("notify.to", person=notice.person)
    name = f"{change.incident}/{change.kind}/{change.clock}/{change.role}/{change.alerts}/{change.at!r}"
    return OutboxMessage(
        id=str(uuid.uuid5(_IDS, name)),
        channel=channel.name,
        made_at=now,
        priority=change.level,
        content=notice.content(words),
        drill=change.drill,
        about=f"{change.number}/{notice.person}",
        due_at=_due_at(channel, change, now, zone),
    )


def _due_at(channel: ChannelSettings, change: Change, now: float, zone: ZoneInfo) -> float:
    """When to tell: now, or at the end of the channel's quiet hours where it is not loud."""
    hours, moment = Hours.read(channel.quiet), datetime.fromtimestamp(now, zone)
    if hours is None or not hours.hold(moment):
        return now
    loud = (
        change.level <= channel.loud_level or Level(change.severity).rank >= Level(channel.loud_severity).rank
    )
    return now if loud else hours.over_at(moment).timestamp()
