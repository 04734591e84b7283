"""The desk of notifications: changes of incidents go into the outbox with them, and out of it by channel."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final

from sentinel.incident import Change, ChangeKind, Role
from sentinel.log import Log
from sentinel.metrics import Metrics
from sentinel.notify import ChannelSettings, Delivery, Notice, NotifySettings
from sentinel.store import StoreError, StoreWriter
from sentinel.store.outbox import OutboxMessage, OutboxStore, enqueue
from sentinel.text import current_language, text

__all__ = ["NotifyDesk", "Reach", "message_of", "put_into_outbox"]

Reach = Callable[[Any, Role, float], tuple[str, str]]
"""Given the database, a role and the time: whom to tell (role and name) and their phone; empty where not known."""

_TOLD: Final = frozenset(ChangeKind) - {ChangeKind.STATE, ChangeKind.LEVEL}
"""What people are told of, whoever caused it. Steps of the handling stand on the timeline."""
_EVERY: Final = 1.0
"""Seconds between looks at the outbox."""
_TIDY: Final = 3600.0
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
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._writer = writer
        self._metrics = metrics
        self._reach = reach
        self._clock = clock
        self._down: set[str] = set()
        self._outage = _log.outage("notify.behind")

    @property
    def wanted(self) -> bool:
        """Whether there is a channel at all."""
        return bool(self._settings.channels)

    def within(self, database: Any, changes: Sequence[Change]) -> None:
        """Write what people are to be told of `changes`, inside their transaction."""
        put_into_outbox(database, changes, self._settings, self._clock(), self._reach)

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
                    await self._forget(self._clock() - self._settings.keep)
                counts = await self._writer.run(lambda database: OutboxStore(database).counts())
                if self._metrics is not None:
                    for channel in self._settings.channels:
                        self._metrics.outbox(channel.name, counts.get((channel.name, "waiting"), 0))
            except StoreError as error:
                self._outage.failed(error)
            await asyncio.sleep(_EVERY)

    async def _forget(self, before: float) -> None:
        await self._writer.run(lambda database: OutboxStore(database).forget(before))

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
) -> None:
    """Write what people are to be told of `changes` inside the caller's transaction, in the language spoken now.

    The daemon and the commands both go this way: what a person opens or raises is told like what a rule found.
    """
    on_duty: dict[Role, tuple[str, str]] = {}
    for change in changes:
        if change.kind not in _TOLD:
            continue
        for channel in settings.channels:
            if change.drill == channel.drill and change.level <= channel.level:
                if change.role not in on_duty:
                    on_duty[change.role] = reach(database, change.role, now)
                enqueue(database, message_of(change, channel, now, *on_duty[change.role]))


def message_of(
    change: Change, channel: ChannelSettings, now: float, person: str = "", phone: str = ""
) -> OutboxMessage:
    """What `channel` says of `change`. The same change always gives the same id.

    The phone of the `person` it is meant for is a field for gateways of text messages; the text has it not.
    """
    english = current_language() == "en"
    notice = Notice(
        title=(change.title_en or change.title) if english else change.title,
        number=change.number,
        kind=text(f"notify.kind.{change.kind.value}"),
        level=text(f"notify.level.{change.level}"),
        department=change.department or "-",
        alerts=str(change.alerts),
        drill=text("notify.drill") if change.drill else "",
        person=person,
        phone=phone,
    )
    words = text("notify.text", **notice.fields()) + (text("notify.to", person=person) if person else "")
    name = f"{change.incident}/{change.kind}/{change.clock}/{change.role}/{change.alerts}/{change.at!r}"
    return OutboxMessage(
        id=str(uuid.uuid5(_IDS, name)),
        channel=channel.name,
        made_at=now,
        priority=change.level,
        content=notice.content(words),
        drill=change.drill,
    )
