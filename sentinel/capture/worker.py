"""A capture worker: the process that reads one interface's ring and runs the pipeline on it.

Started by `supervisor.Supervisor` as `python -m sentinel.capture.worker FD`; the first bytes on the socket
`FD` are a pickled `WorkerTask`.
"""

from __future__ import annotations

import importlib
import pickle
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sentinel.capture.batch import Batch
from sentinel.capture.channel import FrameSender
from sentinel.capture.filter import compile_filter
from sentinel.capture.privilege import die_with_parent, keep_only_net_raw
from sentinel.capture.ring import Ring, RingStatistics
from sentinel.capture.settings import CaptureSettings

__all__ = ["Consumer", "WorkerTask", "main"]

_HEARTBEAT = 1.0
"""Seconds between reports of the statistics."""


@dataclass(frozen=True, slots=True)
class WorkerTask:
    """What a worker is told."""

    name: str
    interface: str
    settings: CaptureSettings
    fanout: int | None
    factory: str
    """`module:function` that makes the consumer: `function(task, send)`."""
    config: Any
    """Whatever the factory needs (the whole configuration)."""
    parent: int
    """Process id of the agent."""


class Consumer(Protocol):
    """What a worker does with its packets."""

    def press(self, full: float) -> None:
        """How full the ring is (0 to 1); told before each batch."""

    def process(self, batch: Batch) -> None:
        """Take a batch; it is released afterwards."""

    def idle(self, now: float) -> None:
        """No packets came for a while; `now` is wall-clock time."""

    def reload(self) -> None:
        """Rules were changed: take them over soon, without keeping packets waiting."""

    def report(self, ring: RingStatistics, blocks: tuple[int, int], dropped_frames: int) -> None:
        """Send the statistics; called about once a second."""

    def finish(self) -> None:
        """The end: send what is still held."""


def run(
    task: WorkerTask,
    sender: FrameSender,
    stopping: Callable[[], bool],
    reloading: Callable[[], bool] = lambda: False,
    begin: Callable[[], None] = lambda: None,
) -> None:
    """Read the ring until told to stop; `reloading` says once that rules changed. `begin` is called before the
    first packet is taken: until then there is nothing to hand over.

    The ring is there before the consumer: it keeps the packets of the seconds that rules take to compile.
    Raises `OSError` when the interface fails.
    """
    module, _, function = task.factory.partition(":")
    make = getattr(importlib.import_module(module), function)
    program = compile_filter(task.settings.filter, snaplen=task.settings.snaplen)
    ring = Ring(task.interface, task.settings, program=program, fanout=task.fanout)
    next_report = 0.0
    try:
        consumer: Consumer = make(task, sender.send)
        keep_only_net_raw()
        begin()
        while not stopping():
            if reloading():
                consumer.reload()
            batch = ring.poll(task.settings.block_timeout)
            if batch is not None:
                try:
                    consumer.press(ring.fullness)
                    consumer.process(batch)
                finally:
                    batch.release()
            now = time.monotonic()
            if now >= next_report:
                if batch is None or not len(batch):
                    consumer.idle(time.time())
                consumer.report(ring.read_statistics(), ring.blocks, sender.dropped)
                next_report = now + _HEARTBEAT
            sender.flush()
        consumer.finish()
        consumer.report(ring.read_statistics(), ring.blocks, sender.dropped)
        sender.drain(3.0)
    finally:
        ring.close()


def main(descriptor: int) -> int:
    """Entry of the worker process; the exit status is 0 after SIGTERM, 3 when the interface failed.

    SIGTERM before it reads kills it.
    """
    sock = socket.socket(fileno=descriptor)
    (length,) = struct.unpack("<I", _exactly(sock, 4))
    task: WorkerTask = pickle.loads(_exactly(sock, length))
    die_with_parent(task.parent)
    asked: list[int] = []

    def begin() -> None:
        """From now on the end waits for what is still held; before, SIGTERM ends us at once."""
        signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the agent decides
    changes: list[int] = []
    signal.signal(signal.SIGHUP, lambda number, _: changes.append(number))
    sender = FrameSender(sock)
    try:
        run(task, sender, lambda: bool(asked), lambda: _taken(changes), begin)
    except BrokenPipeError:
        return 0  # the agent is gone
    except (OSError, ValueError) as error:
        print(f"{task.name}: {error}", file=sys.stderr)  # noqa: T201 - the agent logs our standard error
        return 3
    return 0


def _taken(signals: list[int]) -> bool:
    """Whether any came since the last time."""
    came = bool(signals)
    signals.clear()
    return came


def _exactly(sock: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        piece = sock.recv(length - len(data))
        if not piece:
            raise SystemExit(0)
        data += piece
    return data


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
