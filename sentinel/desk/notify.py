"""The desk of notifications: changes of incidents go into the outbox with them, and out of it by channel."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from sentinel.announcement import ZONE, Reach, due_at, message_id, nobody, put_into_outbox
from sentinel.duty import Reminder
from sentinel.incident import Change, Role
from sentinel.log import Log
from sentinel.metrics import Metrics
from sentinel.notify import Delivery, Notice, NotifySettings
from sentinel.store import StoreError, StoreWriter
from sentinel.store.outbox import OutboxMessage, OutboxStore, enqueue
from sentinel.text import text

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["NotifyDesk"]

_EVERY: Final = 1.0
"""Seconds between looks at the outbox."""
_REMINDING: Final = 3
"""What reminders count for: after what is grave, before what is ordinary."""
_SILENT: Final = 600.0
"""Seconds without a delivery after which people are told over the other channels."""
_TIDY: Final = 60.0
"""Seconds between looks for what is too old, too much, or for a channel that is no more."""

_log = Log("notify")


class NotifyDesk:
    """`within` belongs into the transaction of changes; `run` is a task of the owner's."""

    def __init__(
        self,
        settings: NotifySettings,
        writer: StoreWriter,
        *,
        metrics: Metrics | None = None,
        reach: Reach = nobody,
        zone: ZoneInfo = ZONE,
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
        self._down: dict[str, float] = {}
        """Channels that took nothing since so long."""
        self._outage = _log.outage("notify.behind")

    def within(self, database: Any, changes: Sequence[Change]) -> None:
        """Write what people are to be told of `changes`, inside their transaction."""
        put_into_outbox(database, changes, self._settings, self._clock(), self._reach, self._zone)

    def remind(self, database: Any, reminder: Reminder, now: float) -> None:
        """Write what the duty desk reminds of, inside its transaction: at once, or after quiet hours where it may wait."""
        kind = text("notify.kind.reminder")
        self._say(
            database,
            reminder.id,
            reminder.role,
            str(reminder.message),
            kind,
            "reminder",
            now,
            urgent=reminder.urgent,
        )

    def _say(
        self,
        database: Any,
        id: str,
        role: Role,
        words: str,
        kind: str,
        code: str,
        now: float,
        but: str = "",
        *,
        urgent: bool = True,
    ) -> None:
        """Write `words` for every channel that takes what must be reported, none of drills, nor the one named `but`."""
        person, phone = self._reach(database, role, now)
        notice = Notice(title=words, kind=kind, person=person, phone=phone, code=code, ts=repr(now))
        said = words + (text("notify.to", person=person) if person else "")
        for channel in self._settings.channels:
            if not channel.drill and channel.level >= _REMINDING and channel.name != but:
                message = OutboxMessage(
                    message_id(id),
                    channel.name,
                    now,
                    _REMINDING,
                    notice.content(said),
                    due_at=due_at(channel, now, self._zone, loud=urgent),
                )
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
                    await self.tell_of_silence()
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

    async def tell_of_silence(self) -> None:
        """Say over the other channels that one has taken nothing for long, once an outage. Raises StoreError."""
        now = self._clock()
        for channel in self._settings.channels:
            since = self._down.get(channel.name)
            if since is None or channel.drill or now - since < _SILENT:
                continue
            minutes = round((now - since) / 60)
            words = text("notify.silent", channel=channel.name, minutes=minutes)
            id, kind, but = f"silent/{channel.name}/{since!r}", text("notify.kind.silent"), channel.name
            await self._writer.run(
                partial(
                    self._say,
                    id=id,
                    role=Role.OFFICER,
                    words=words,
                    kind=kind,
                    code="silent",
                    now=now,
                    but=but,
                )
            )

    def _measure(self, waiting: dict[str, int]) -> None:
        known = {channel.name for channel in self._settings.channels}
        strange = {name: number for name, number in waiting.items() if name not in known}
        for name in strange.keys() - self._strange.keys():
            _log.warning("notify.strange", channel=name, number=strange[name])
        if self._metrics is not None:
            for name in known | strange.keys() | self._strange.keys():
                self._metrics.notify.waiting(name, waiting.get(name, 0))
        self._strange = strange

    def _told(self, channel: str, outcome: str, reason: str) -> None:
        if self._metrics is not None:
            self._metrics.notify.attempted(channel, outcome)
        if outcome == "delivered":
            if self._down.pop(channel, None) is not None:
                _log.info("notify.again", channel=channel)
        elif outcome == "failed":
            _log.error("notify.failed", channel=channel, reason=reason)
        elif channel not in self._down:
            self._down[channel] = self._clock()
            _log.warning("notify.retried", channel=channel, reason=reason)
