"""Packets at the speed at which they were recorded, or a multiple of it."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from sentinel.capture.batch import Batch

__all__ = ["Pace"]

_WINDOW_NS = 50_000_000
_LONGEST_NS = 3_600_000_000_000


class Pace:
    """Cuts batches into moments and waits before each. A speed of 0 does neither."""

    def __init__(
        self,
        speed: float,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._speed = speed
        self._clock = clock
        self._stopped = threading.Event()
        self._wait = wait or self._stopped.wait
        self._first: int | None = None
        """Packet time, nanoseconds, that belongs to the moment `_began`."""
        self._began = 0.0

    def parts(self, batch: Batch) -> Iterator[Batch]:
        """The batch in parts of at most 50 ms of the reader's time, each when it is due."""
        if not self._speed:
            yield batch
            return
        window = max(1, int(_WINDOW_NS * self._speed))
        moments = np.maximum.accumulate(batch.ts) // window
        cuts = [0, *(np.flatnonzero(np.diff(moments)) + 1).tolist(), len(batch)]
        for start, stop in itertools.pairwise(cuts):
            self._await(int(batch.ts[start]))
            if self._stopped.is_set():
                return
            yield _part(batch, start, stop)

    def stop(self) -> None:
        """Wait no more."""
        self._stopped.set()

    def _await(self, ts: int) -> None:
        now = self._clock()
        if self._first is None or not 0 <= ts - self._first <= _LONGEST_NS * self._speed:
            self._first, self._began = ts, now  # the first packet, or another file's time
        due = self._began + (ts - self._first) / 1e9 / self._speed
        if due > now:
            self._wait(due - now)


def _part(batch: Batch, start: int, stop: int) -> Batch:
    rows = slice(start, stop)
    return replace(
        batch,
        offset=batch.offset[rows],
        caplen=batch.caplen[rows],
        wirelen=batch.wirelen[rows],
        ts=batch.ts[rows],
        linktype=batch.linktype[rows],
        vlan=batch.vlan[rows],
        release=lambda: None,
    )
