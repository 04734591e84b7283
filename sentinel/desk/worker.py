"""The desk of the capture workers: reads what they send, follows how they fare."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final, Protocol

import msgspec

from sentinel.capture.account import PacketAccount
from sentinel.event import Alert, Event
from sentinel.event.pack import unpack_events
from sentinel.frame import WorkerFrame, decode_frame
from sentinel.log import Log
from sentinel.metrics import Metrics
from sentinel.overload import Overload
from sentinel.rule import Match

__all__ = ["WorkerDesk", "Workers"]

_AT_ONCE: Final = 1000
"""Events given away before other tasks have their turn."""

_log = Log("agent")

Give = Callable[[Sequence[Event], list[Alert], Sequence[Match]], Awaitable[None]]
"""Takes events that the watch wants, alerts, and matches for correlations."""
Write = Callable[[str, bytes], None]
"""Takes encoded events of a kind for the outlets."""


class Workers(Protocol):
    """What is needed of `capture.supervisor.Supervisor`."""

    interfaces: dict[str, str]

    @property
    def running(self) -> frozenset[str]: ...
    def process_id(self, worker: str) -> int | None: ...
    def stop(self) -> None: ...
    def reload(self) -> None: ...
    def frames(self) -> AsyncIterator[tuple[str, bytes]]: ...


class WorkerDesk:
    """`read` is a task of the owner's; it ends with the workers. `wanted`: kinds of events that are given away."""

    def __init__(self, metrics: Metrics, wanted: frozenset[str], give: Give, write: Write) -> None:
        self._metrics = metrics
        self._wanted = wanted
        self._give = give
        self._write = write
        self._workers: Workers | None = None
        self._frames_dropped: dict[str, tuple[int, int]] = {}
        """By worker: frames given up in former lives and in this one."""
        self._overloads: dict[str, Overload] = {}
        self._reading: set[str] = set()
        """Workers that have sent a frame in this life."""
        self.bad_frames = 0
        """Frames that could not be read."""

    async def read(self, workers: Workers) -> None:
        """Take what they send until they have ended."""
        self._workers = workers
        for worker in workers.interfaces:
            self._metrics.capture.worker_up(worker, up=False)
        async for worker, data in workers.frames():
            if worker not in self._reading:
                self._reading.add(worker)
                _log.info("agent.worker-reads", worker=worker)
            try:
                frame = decode_frame(data)
            except (msgspec.MsgspecError, ValueError):
                self._refuse(worker)
                continue
            await self._take(worker, workers.interfaces.get(worker, worker), frame)

    def reload(self) -> None:
        """Have the workers take over changed rules."""
        if self._workers is not None:
            self._workers.reload()

    def bury(self, worker: str, cause: str, words: str) -> None:
        """A worker died of `cause` after these last words; the supervisor starts it again."""
        _log.error("agent.worker-died", worker=worker, cause=cause, words=words or "-")
        self._reading.discard(worker)
        self._frames_dropped[worker] = (sum(self._frames_dropped.get(worker, (0, 0))), 0)
        self._metrics.capture.worker_up(worker, up=False)
        self._metrics.capture.worker_restarted(worker, cause.partition(" ")[0])

    def measure(self) -> None:
        """Bring the metrics up to date."""
        self._metrics.store.queue("frames", 0, self.bad_frames + sum(map(sum, self._frames_dropped.values())))
        if self._workers is not None:
            running = self._workers.running
            for worker in self._workers.interfaces:
                self._metrics.capture.worker_up(worker, worker in running, self._workers.process_id(worker))

    def _refuse(self, worker: str) -> None:
        self.bad_frames += 1
        _log.warning("agent.bad-frame", worker=worker)

    async def _take(self, worker: str, interface: str, frame: WorkerFrame) -> None:
        if frame.alerts or frame.events or frame.matches:
            await self._behold(worker, frame)
        for kind, lines in frame.lines.items():
            self._write(kind, lines)
        if frame.statistics is not None:
            self._metrics.capture.update(worker, interface, frame.statistics)
            self._feel_strain(worker, frame.statistics.packets)
            former, _ = self._frames_dropped.get(worker, (0, 0))
            self._frames_dropped[worker] = (former, frame.frames_dropped)

    def _feel_strain(self, worker: str, packets: PacketAccount) -> None:
        """Say when a worker begins to give packets up, and when it has kept up for a while."""
        overload = self._overloads.setdefault(worker, Overload())
        if overload.take(packets.shed + packets.dropped, time.monotonic()):
            say = _log.warning if overload.lasts else _log.info
            id = "agent.overloaded" if overload.lasts else "agent.overload-over"
            say(id, worker=worker, shed=packets.shed, dropped=packets.dropped)

    async def _behold(self, worker: str, frame: WorkerFrame) -> None:
        """Let the watch see a frame's events. Other tasks have their turn in between."""
        alerts, matches = frame.alerts, frame.matches
        for begin in range(0, len(matches), _AT_ONCE):
            await self._give([], alerts, matches[begin : begin + _AT_ONCE])
            alerts = []
            await asyncio.sleep(0)
        for kind, data in sorted(frame.events.items()):
            if kind not in self._wanted:
                continue
            try:
                events = unpack_events(kind, data)
            except (msgspec.MsgspecError, ValueError):
                self._refuse(worker)
                continue
            for begin in range(0, len(events), _AT_ONCE):
                await self._give(events[begin : begin + _AT_ONCE], alerts, ())
                alerts = []
                await asyncio.sleep(0)
        if alerts:
            await self._give([], alerts, ())
