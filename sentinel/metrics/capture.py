"""Packets, flows, and the processes that capture."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sentinel.capture.account import PacketAccount
from sentinel.metrics.finding import FindingMetrics
from sentinel.metrics.series import OTHER, Growth, Series, fold
from sentinel.statistics import Statistics

if TYPE_CHECKING:
    from prometheus_client import Metric

__all__ = ["CAUSES", "STAGES", "CaptureMetrics"]

CAUSES = ("exit", "signal", "other")
"""Why a worker was restarted: it ended by itself or was killed."""
STAGES = ("decode", "flow", "protocol", "rules", "output", "other")
"""Where a pipeline's seconds go."""


@dataclass(slots=True)
class _Life:
    """One worker, from one start to the next."""

    interface: str = ""
    received: int = 0
    growth: Growth = field(default_factory=Growth)
    flows: int = 0
    ring_used: int = 0
    ring_total: int = 0
    last_packet: float = 0.0
    lag: float = 0.0
    pid: int | None = None

    def begin(self) -> None:
        """A new process took over: its counts start at 0."""
        self.received = self.flows = self.ring_used = self.ring_total = 0
        self.last_packet = self.lag = 0.0
        self.pid = None
        self.growth.begin()


class CaptureMetrics:
    """What capture workers count; `clock` gives seconds since 1970 UTC."""

    def __init__(self, series: Series, findings: FindingMetrics, clock: Callable[[], float]) -> None:
        self._series = series
        self._findings = findings
        self._clock = clock
        self._lives: dict[str, _Life] = {}
        self._interfaces: set[str] = set()
        self._received = series.counter(
            "sentinel_packets_received", "Packets that came to the interface.", "interface"
        )
        self._packets = series.counter(
            "sentinel_packets",
            "Packets by what became of them; the outcomes of an interface sum to those received.",
            "interface",
            "outcome",
            "reason",
        )
        self._ring = series.gauge(
            "sentinel_ring_blocks", "Blocks of the capture rings.", "interface", "state"
        )
        self._flows = series.gauge("sentinel_flows_active", "Flows in the tables.")
        self._flows_created = series.counter("sentinel_flows_created", "Flows begun.")
        self._flows_evicted = series.counter(
            "sentinel_flows_evicted", "Flows ended early: the table was full."
        )
        self._refused = series.counter(
            "sentinel_segments_refused", "TCP segments out of order not kept because of a cap."
        )
        self._conflicts = series.counter(
            "sentinel_segment_conflicts", "Retransmissions that differ from the bytes seen before."
        )
        self._weird_dropped = series.counter(
            "sentinel_weird_dropped", "Oddities of decoding past the limit for one batch."
        )
        self._stages = series.counter("sentinel_stage_seconds", "Seconds spent in each stage.", "stage")
        self._lag = series.gauge(
            "sentinel_lag_seconds", "Wall clock minus the time of the packets under work, of the last worker."
        )
        for stage in STAGES:
            self._stages.labels(stage)
        self._up = series.gauge(
            "sentinel_worker_up", "Whether a capture process reads its packets.", "worker"
        )
        self._restarts = series.counter(
            "sentinel_worker_restarts", "Restarts of a capture process.", "worker", "cause"
        )
        series.registry.register(_WorkerMemory(self._pids))

    def interface(self, interface: str) -> None:
        """Announce an interface: all its series begin with 0."""
        with self._series.lock:
            if interface in self._interfaces:
                return
            self._interfaces.add(interface)
            self._received.labels(interface)
            for outcome, reason in PacketAccount().by_fate():
                self._packets.labels(interface, outcome, reason)
            for state in ("used", "free"):
                self._ring.labels(interface, state)

    def update(self, worker: str, interface: str, statistics: Statistics) -> None:
        """Take what a worker has counted since its process started; call it again and again."""
        with self._series.lock:
            self.interface(interface)
            life = self._life(worker)
            if statistics.packets.received < life.received:
                life.begin()  # a restart nobody told us of
            life.interface = interface
            life.received = statistics.packets.received
            self._grow_packets(life, interface, statistics)
            self._findings.grow(life.growth, statistics.events, statistics.alerts, statistics.alerts_by_rule)
            life.flows = statistics.flows_active
            life.ring_used, life.ring_total = statistics.ring_blocks_used, statistics.ring_blocks_total
            moved = statistics.last_packet_ts != life.last_packet
            life.last_packet = statistics.last_packet_ts
            behind = max(0.0, self._clock() - life.last_packet)
            # A quiet interface is not a slow one: without new packets there is nothing to be late with.
            life.lag = behind if moved or (life.ring_used and life.last_packet) else 0.0
            self._sum_gauges()

    def lag(self, worker: str, seconds: float) -> None:
        """Set a worker's lag, where the caller knows better than `update`, until its next update."""
        with self._series.lock:
            self._life(worker).lag = seconds
            self._sum_gauges()

    def worker_up(self, worker: str, up: bool, pid: int | None = None) -> None:
        """Say whether a worker reads its packets, and as which process (for its memory)."""
        with self._series.lock:
            life = self._life(worker)
            life.pid = pid if up else None
            if not up:
                life.flows = life.ring_used = life.ring_total = 0
                life.lag = 0.0
                self._sum_gauges()
            self._up.labels(worker).set(up)

    def forget_worker(self, worker: str) -> None:
        """No longer tell of a worker that has never been, and now is known by another name."""
        with self._series.lock:
            self._lives.pop(worker, None)
            self._up.remove(worker)

    def worker_restarted(self, worker: str, cause: str) -> None:
        """A worker's process ended for `cause` and another begins, counting from 0.

        Of the cause, the first word counts: `signal 9` is `signal`, one out of `CAUSES`.
        """
        word = cause.partition(" ")[0]
        with self._series.lock:
            self._life(worker).begin()
            self._restarts.labels(worker, word if word in CAUSES else OTHER).inc()
            self._sum_gauges()

    def _life(self, worker: str) -> _Life:
        life = self._lives.get(worker)
        if life is None:
            life = self._lives[worker] = _Life()
            self._up.labels(worker)
            for cause in CAUSES:
                self._restarts.labels(worker, cause)
        return life

    def _grow_packets(self, life: _Life, interface: str, statistics: Statistics) -> None:
        bring = life.growth.bring
        bring(self._received.labels(interface), statistics.packets.received)
        for (outcome, reason), packets in statistics.packets.by_fate().items():
            bring(self._packets.labels(interface, outcome, reason), packets)
        bring(self._flows_created, statistics.flows_total)
        bring(self._flows_evicted, statistics.flows_evicted)
        bring(self._refused, statistics.segments_refused)
        bring(self._conflicts, statistics.conflicts)
        bring(self._weird_dropped, statistics.weird_dropped)
        for stage, seconds in fold(statistics.stage_seconds, STAGES).items():
            bring(self._stages.labels(stage), seconds)

    def _sum_gauges(self) -> None:
        lives = self._lives.values()
        self._flows.set(sum(life.flows for life in lives))
        self._lag.set(max((life.lag for life in lives), default=0.0))
        for interface in self._interfaces:
            on_it = [life for life in lives if life.interface == interface]
            used = sum(life.ring_used for life in on_it)
            self._ring.labels(interface, "used").set(used)
            self._ring.labels(interface, "free").set(sum(life.ring_total for life in on_it) - used)

    def _pids(self) -> dict[str, int]:
        return {worker: life.pid for worker, life in self._lives.items() if life.pid is not None}


class _WorkerMemory(Collector):
    """Resident memory of the capture processes, read when asked (proc(5), /proc/pid/statm)."""

    def __init__(self, pids: Callable[[], dict[str, int]]) -> None:
        self._pids = pids

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "sentinel_worker_resident_memory_bytes",
            "Resident memory of a capture process.",
            labels=["worker"],
        )
        for worker, pid in self._pids().items():
            try:
                with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
                    pages = int(statm.read().split()[1])
            except (OSError, ValueError, IndexError):
                continue  # it has just ended
            family.add_metric([worker], pages * os.sysconf("SC_PAGE_SIZE"))
        yield family
