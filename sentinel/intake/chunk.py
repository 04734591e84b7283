"""What a live source hands over: some lines of one sender, and whom to tell when they were read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Chunk", "Inlet"]


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
    current: bool = True
    """Whether nothing waits behind them: only then do they tell of the sender's clock."""


class Inlet:
    """The bounded queue between the sources and those who read them."""

    def __init__(self, chunks: int) -> None:
        self._queue: asyncio.Queue[Chunk] = asyncio.Queue(chunks)
        self.dropped: dict[str, int] = {}
        """Lines given up since no one could follow, by source: only of senders that cannot be made to wait."""

    @property
    def waiting(self) -> int:
        """Chunks in the queue."""
        return self._queue.qsize()

    async def put(self, chunk: Chunk) -> None:
        """Hand over, waiting for room: the sender waits too."""
        await self._queue.put(chunk)

    def offer(self, chunk: Chunk) -> None:
        """Hand over if there is room; else the lines are lost, and counted."""
        try:
            self._queue.put_nowait(chunk)
        except asyncio.QueueFull:
            self.dropped[chunk.source] = self.dropped.get(chunk.source, 0) + len(chunk.lines)

    async def get(self) -> Chunk:
        """The next chunk."""
        return await self._queue.get()

    def done(self) -> None:
        """The chunk last got was read."""
        self._queue.task_done()

    async def join(self) -> None:
        """Wait until all that was handed over was read."""
        await self._queue.join()


Report = Callable[[str, str], None]
"""Told of what is wrong with a source: the message's id and the reason."""
