"""The agent's side of capture: starts the workers, reads their frames, starts dead ones again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import signal
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Self

from sentinel.capture.channel import read_frame
from sentinel.capture.settings import CaptureSettings
from sentinel.capture.worker import WorkerTask

__all__ = ["Supervisor"]

_QUEUE = 256
_GRACE = 4.0
"""Seconds a worker has to end after SIGTERM."""
_HEALTHY = 60.0
"""Seconds a worker must have run for its back-off to begin anew."""
_Frame = tuple[str, bytes]


class Supervisor:
    """All workers of all interfaces. Use as `async with`, and read `frames()` until it ends.

    `factory` (`module:function`) and `config` go to each worker; see `worker.WorkerTask`. `on_death` is
    called with a worker's name, the cause (`signal 9`, `exit 3`) and its last words.
    """

    def __init__(
        self,
        settings: CaptureSettings,
        interfaces: tuple[str, ...],
        factory: str,
        config: Any,
        on_death: Callable[[str, str, str], None] | None = None,
    ) -> None:
        self._settings = settings
        self._factory = factory
        self._config = config
        self._on_death = on_death
        self._queue: asyncio.Queue[_Frame | None] = asyncio.Queue(_QUEUE)
        self._stopped = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._plans: list[WorkerTask] = []
        self._changes = 0
        """Times that rules changed."""
        self._speaking: set[str] = set()
        """Workers that sent a frame in this life: they read their ring, and know what a signal means."""
        self.interfaces: dict[str, str] = {}
        """Interface of each worker."""
        self.restarts: Counter[tuple[str, str]] = Counter()
        """By worker and cause of death."""
        for number, interface in enumerate(interfaces):
            for member in range(settings.workers):
                name = interface if settings.workers == 1 else f"{interface}/{member}"
                self.interfaces[name] = interface
                fanout = None if settings.workers == 1 else (os.getpid() + number * 251) & 0xFFFF
                self._plan(name, interface, fanout)

    def _plan(self, name: str, interface: str, fanout: int | None) -> None:
        self._plans.append(
            WorkerTask(name, interface, self._settings, fanout, self._factory, self._config, os.getpid())
        )

    @property
    def running(self) -> frozenset[str]:
        """Names of the workers that are alive and past their start."""
        return frozenset(name for name in self._speaking if self._processes[name].returncode is None)

    def process_id(self, worker: str) -> int | None:
        """Process id of a living worker."""
        process = self._processes.get(worker)
        return process.pid if process is not None and process.returncode is None else None

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._keep(plan), name=f"worker {plan.name}") for plan in self._plans
        ]
        self._tasks.append(asyncio.create_task(self._close_queue(), name="workers' end"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        for process in self._processes.values():
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def stop(self) -> None:
        """Ask all workers to end. `frames()` goes on until their last frames are read."""
        self._stopped.set()
        for process in self._processes.values():
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)

    def reload(self) -> None:
        """Have all workers take over changed rules. Those that are just starting are told once they speak."""
        self._changes += 1
        for name in self._speaking:
            self._tell_of_changes(name)

    def _tell_of_changes(self, name: str) -> None:
        process = self._processes.get(name)
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGHUP)

    async def frames(self) -> AsyncIterator[_Frame]:
        """Worker's name and frame, as they come; ends when all workers have ended after `stop`."""
        while (item := await self._queue.get()) is not None:
            yield item

    async def _close_queue(self) -> None:
        await asyncio.gather(*self._tasks[: len(self._plans)], return_exceptions=True)
        await self._queue.put(None)

    async def _keep(self, task: WorkerTask) -> None:
        """Run one worker for as long as we live."""
        backoff = self._settings.restart_backoff
        while not self._stopped.is_set():
            began = time.monotonic()
            try:
                cause, words = await self._run(task)
            except OSError as error:  # no memory, no descriptors, no right to start a process
                cause, words = "start", f"{type(error).__name__}: {error}"
            if self._stopped.is_set():
                return
            self.restarts[task.name, cause] += 1
            if self._on_death is not None:
                self._on_death(task.name, cause, words)
            if time.monotonic() - began > _HEALTHY:
                backoff = self._settings.restart_backoff
            await self._wait(backoff)
            backoff = min(2 * backoff, self._settings.restart_backoff_max)

    async def _wait(self, seconds: float) -> None:
        """Wait so long, or until `stop`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()

    async def _run(self, task: WorkerTask) -> tuple[str, str]:
        """One life of a worker: why it ended, and its last words."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "sentinel.capture.worker",
                str(theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                stderr=asyncio.subprocess.PIPE,
            )
        self._processes[task.name] = process
        changes = self._changes
        reader, writer = await asyncio.open_connection(sock=ours, limit=1 << 20)
        assert process.stderr is not None
        words = asyncio.create_task(_last_words(process.stderr))
        try:
            told = pickle.dumps(task)
            writer.write(struct.pack("<I", len(told)) + told)
            if self._stopped.is_set():
                process.terminate()
            while (frame := await self._next_frame(reader, process)) is not None:
                if task.name not in self._speaking:
                    self._speaking.add(task.name)
                    if changes != self._changes:
                        self._tell_of_changes(task.name)
                await self._queue.put((task.name, frame))
            code = await self._reap(process)
        finally:
            self._speaking.discard(task.name)
            writer.close()
            if process.returncode is None:
                process.kill()
                await process.wait()
        return (f"signal {-code}" if code < 0 else f"exit {code}"), await words

    async def _next_frame(
        self, reader: asyncio.StreamReader, process: asyncio.subprocess.Process
    ) -> bytes | None:
        try:
            if not self._stopped.is_set():
                return await read_frame(reader)
            async with asyncio.timeout(_GRACE):
                return await read_frame(reader)
        except (TimeoutError, ValueError):
            process.kill()
            return None

    async def _reap(self, process: asyncio.subprocess.Process) -> int:
        try:
            async with asyncio.timeout(_GRACE):
                return await process.wait()
        except TimeoutError:
            process.kill()
            return await process.wait()


async def _last_words(stream: asyncio.StreamReader) -> str:
    """The end of a worker's standard error."""
    tail = b""
    while piece := await stream.read(4096):
        tail = (tail + piece)[-2000:]
    return tail.decode(errors="replace").strip()
