"""What a live source hands over: some lines of one sender, and whom to tell when they were read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Chunk", "Inlet"]

_UNIT: Final = 1024


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines that came together."""

    source: str
    """Name of the configured source."""
    stream: str
    """Whose lines continue each other within the source: a file's path, a sender's address."""
    lines: list[bytes]
    arrival: float
    """Seconds since 1970 UTC."""
    host: str | None = None
    """Who sent them, where lines do not say."""
    reference: float | None = None
    """When the lines were written at the latest, for stamps without a year; None for now."""
    position: dict[str, Any] | None = None
    """Where to go on after a restart, once these lines were read."""
    place: str = ""
    """Under what name `position` is kept; empty takes `stream`."""
    retained: bool = False
    """Told by an MQTT broker as the last known, not as something new."""
    head: tuple[bytes, ...] = ()
    """The first lines of the file, where the lines do not begin with them: they may say what its columns are."""
    current: bool = True
    """Whether nothing waits behind them: only then do they tell of the sender's clock."""


class Inlet:
    """The queue between the sources and those who read them, bounded by the weight of what is in it.

    Who can be made to wait has but half of it: a file of a million lines, or a relay that sends a day's records
    at once, must not cost the datagrams that come meanwhile.
    """

    def __init__(self, weight: int) -> None:
        self._limit = weight
        self._weight = 0
        self._queue: asyncio.Queue[Chunk] = asyncio.Queue()
        self._room = asyncio.Event()
        self.waiting = 0
        """Lines handed over and not read yet."""
        self.dropped: dict[str, int] = {}
        """Lines given up since no one could follow, by source: only of senders that cannot be made to wait."""

    async def put(self, chunk: Chunk) -> None:
        """Hand over, waiting for room: the sender waits too."""
        while self._weight and self._weight >= self._limit // 2:
            self._room.clear()
            await self._room.wait()
        self._add(chunk)

    def offer(self, chunk: Chunk) -> None:
        """Hand over if there is room; else the lines are lost, and counted."""
        if self._weight >= self._limit:
            self.dropped[chunk.source] = self.dropped.get(chunk.source, 0) + len(chunk.lines)
        else:
            self._add(chunk)

    async def get(self) -> Chunk:
        """The next chunk."""
        return await self._queue.get()

    def done(self, chunk: Chunk) -> None:
        """This chunk was read."""
        self.waiting -= len(chunk.lines)
        self._weight -= _weight(chunk)
        self._room.set()
        self._queue.task_done()

    async def join(self) -> None:
        """Wait until all that was handed over was read."""
        await self._queue.join()

    def _add(self, chunk: Chunk) -> None:
        self.waiting += len(chunk.lines)
        self._weight += _weight(chunk)
        self._queue.put_nowait(chunk)


def _weight(chunk: Chunk) -> int:
    """A line for each KiB, since lines may be long."""
    return len(chunk.lines) + sum(map(len, chunk.lines)) // _UNIT


Report = Callable[[str, str], None]
"""Told of what is wrong with a source: the message's id and the reason."""
