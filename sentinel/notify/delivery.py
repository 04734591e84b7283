"""Delivery: each channel works through its part of the outbox, at its own pace."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sentinel.notify.fault import DeliveryError
from sentinel.notify.send import send
from sentinel.notify.settings import ChannelSettings, NotifySettings
from sentinel.store import StoreWriter
from sentinel.store.outbox import OutboxStore, Waiting
from sentinel.text import text

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Delivery"]

_MINUTE = 60.0
_AT_ONCE = 20
"""Messages taken from the outbox in one transaction."""
_MOST_LINES = 5
"""Messages about one matter that are told in full; of more the number is told."""

Tell = Callable[[str, str, str], None]
"""Told of each attempt: channel, outcome (`delivered`, `retried`, `failed`), reason."""


class Delivery:
    """One channel's work. `work` can be called at any time; it delivers what is due and may go."""

    def __init__(
        self,
        channel: ChannelSettings,
        settings: NotifySettings,
        writer: StoreWriter,
        tell: Tell,
        *,
        clock: Callable[[], float] = time.time,
        send: Callable[[ChannelSettings, Mapping[str, str]], None] = send,
    ) -> None:
        self._channel = channel
        self._settings = settings
        self._writer = writer
        self._tell = tell
        self._clock = clock
        self._send = send

    async def work(self) -> int:
        """Deliver what is due within the channel's pace; how many were tried. Raises StoreError."""
        name, now = self._channel.name, self._clock()

        def take(database: Database) -> list[Waiting]:
            outbox = OutboxStore(database)
            room, pace = _AT_ONCE, self._channel.pace
            if pace is not None:
                room = min(room, pace - outbox.requests_since(name, now - _MINUTE))
            return outbox.take(name, now, room, merging=self._channel.for_people) if room > 0 else []

        waiting = await self._writer.run(take)
        for message in waiting:
            await self._deliver(message)
        return len(waiting)

    async def _deliver(self, message: Waiting) -> None:
        name = self._channel.name
        try:
            await asyncio.to_thread(self._send, self._channel, _fields(message))
        except DeliveryError as error:
            now, reason = self._clock(), str(error)
            next_at = self._next(message, now)
            await self._writer.run(lambda db: OutboxStore(db).refused(message.seq, now, reason, next_at))
            self._tell(name, "retried" if next_at is not None else "failed", reason)
        else:
            now = self._clock()
            await self._writer.run(lambda db: OutboxStore(db).delivered(message.seq, now))
            self._tell(name, "delivered", "")

    def _next(self, message: Waiting, now: float) -> float | None:
        settings = self._settings
        pause = min(settings.retry * 2 ** min(message.attempts, 30), settings.retry_max)
        return now + pause if now + pause <= message.taken_at + settings.give_up else None


def _fields(message: Waiting) -> dict[str, str]:
    """The fields of the newest; its text tells also of those that it takes along, newest first."""
    said = [json.loads(content) for content in message.contents]
    fields = {**said[-1], "id": message.id}
    if len(said) > 1:
        lines = [one.get("text", "") for one in reversed(said[-_MOST_LINES:])]
        if more := len(said) - len(lines):
            lines.append(text("notify.more", number=more))
        fields["text"] = "\n".join([text("notify.merged", number=len(said)), *lines])
    return fields
