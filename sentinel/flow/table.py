"""The flow table: packets in, work for the protocols and ended flows out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentinel.flow import track
from sentinel.flow.record import FlowFlag, Shedding, Verdict
from sentinel.flow.settings import FlowSettings
from sentinel.flow.tables import COUNTERS, make_limits, make_tables
from sentinel.flow.zones import Zones

__all__ = ["FlowTable", "Step"]


def _readonly(block: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A read-only view: kernels are compiled for one type of buffer."""
    view = block.view()
    view.flags.writeable = False
    return view


@dataclass(slots=True)
class Step:
    """What one pass over (part of) a batch produced. Views: valid until the iteration goes on."""

    work: NDArray[Any]
    """WORK entries in order."""
    ended: NDArray[np.int32]
    """Flows that ended, in order; their records are still readable."""


class FlowTable:
    """All flows of one capture worker, in preallocated memory.

    `seed` keeps strangers from choosing hash collisions; a replay uses a fixed one to be deterministic.
    `max_rows` is the most packet rows of one batch. `interface`: what is captured from, for its zone.
    """

    def __init__(
        self, settings: FlowSettings, max_rows: int = 65536, seed: int = 0, interface: str = ""
    ) -> None:
        self.settings = settings
        self.max_rows = max_rows
        self.tables = make_tables(settings, max_rows)
        self.limits = make_limits(settings, seed)
        self.buffers: tuple[NDArray[np.uint8], ...] = ()
        self.zones = Zones(settings.zones, interface)

    def expect_servers(self, ports: frozenset[int], udp: bool) -> None:
        """Tell which ports usually belong to servers: decides who began a flow seen from its middle."""
        for port in ports:
            self.tables.server_ports[port + (65536 if udp else 0)] = 1

    def process(
        self, rows: NDArray[Any], data: NDArray[np.uint8], spill: NDArray[np.uint8]
    ) -> Iterator[Step]:
        """Take a batch's packet rows; yields the work as often as there is some, then idle flows that ended."""
        data, spill = _readonly(data), _readonly(spill)
        self.buffers = (data, spill, self.tables.kept)
        for begin in range(0, len(rows), self.max_rows):
            part = rows[begin : begin + self.max_rows]
            zones = self.zones.of(part)
            done = 0
            while done < len(part):
                done = track.process(self.tables, self.limits, part, zones, data, spill, done)
                yield self._step()
                track.release(self.tables)
        yield from self.expire(self.now)

    def expire(self, now: int) -> Iterator[Step]:
        """End flows that are idle for too long at `now` (ns)."""
        yield from self._sweep(now, everything=False)

    def finish(self) -> Iterator[Step]:
        """The capture is over: end every flow, in the order of their slots."""
        yield from self._sweep(self.now, everything=True)

    def _sweep(self, now: int, everything: bool) -> Iterator[Step]:
        whole = False
        while not whole:
            whole = track.sweep(self.tables, self.limits, now, everything)
            if self.count("ended") or self.count("work"):
                yield self._step()
                track.release(self.tables)

    def _step(self) -> Step:
        return Step(self.tables.work[: self.count("work")], self.tables.ended[: self.count("ended")])

    @property
    def now(self) -> int:
        """Latest packet time, ns since 1970 UTC."""
        return self.count("now")

    def count(self, name: str) -> int:
        """The counter `name` of `tables.COUNTERS`."""
        return int(self.tables.counters[COUNTERS.index(name)])

    def set_verdict(self, flow: int, verdict: Verdict) -> None:
        """Decide how much of a flow the protocols see from now on."""
        self.tables.flows[flow]["verdict"] = verdict

    def shed(self, shedding: Shedding) -> None:
        """Give up some flows from now on. What was given up is not read again."""
        self.tables.counters[COUNTERS.index("shedding")] = shedding

    def is_carrier(self, flow: int) -> bool:
        """Is it the outer flow of a tunnel without ports?"""
        return bool(self.tables.flows[flow]["flags"] & FlowFlag.CARRIER)
