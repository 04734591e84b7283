"""What is measured, for Prometheus: every counter of the daemon, by name, on one page.

All label sets that can be known are there from the start with 0, so that a first increase is seen as one.
Labels never come from the network: interfaces, workers and rules are ours, all else is folded into `other`.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sentinel import __version__
from sentinel.capture.account import PacketAccount
from sentinel.event import KINDS, Alert, Event, Level
from sentinel.intake.account import SourceAccount
from sentinel.ledger import LedgerAccount
from sentinel.statistics import Statistics, WatchStatistics
from sentinel.text import Message, MessageError

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer

    from prometheus_client import Metric

    from sentinel.config import MetricsSettings

__all__ = ["CAUSES", "STAGES", "Metrics", "MetricsError"]

CAUSES = ("exit", "signal", "other")
"""Why a worker was restarted: it ended by itself or was killed."""
STAGES = ("decode", "flow", "protocol", "rules", "output", "other")
"""Where a pipeline's seconds go."""
_ASSETS = ("registered", "seen", "accurate", "complete")
_SUPPRESSED = ("limit", "threshold", "both", "backoff", "unique", "maintenance")
_CLOCKS = ("acknowledge", "assess", "tamper", "report", "summary")
_UNCORRELATED = ("evicted", "overfull", "late", "ungrouped", "unusable")
_OTHER = "other"
_NEVER_EXPORTED = frozenset({"payload"})
"""Kinds that are for rules only."""
_MAX_RULES = 20_000
"""Rule ids with a series of their own, over all reloads; later ones are counted as `other`."""

# One more series for each counter, of no use beside the process start time.
disable_created_metrics()  # type: ignore[no-untyped-call]


class MetricsError(MessageError):
    """Nothing can be served at the configured address; the daemon goes on without."""


@dataclass(slots=True)
class _Life:
    """One worker, from one start to the next."""

    interface: str = ""
    received: int = 0
    seen: dict[Counter, float] = field(default_factory=dict)
    """Totals told so far in this life: only what is beyond them is new."""
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
        self.seen.clear()


class Metrics:
    """All metrics of one daemon. Safe to call from any thread; a scrape never sees half of an update.

    `interfaces` are those known at the start; others are added with their first update. `clock` gives
    seconds since 1970 UTC.
    """

    def __init__(self, interfaces: Iterable[str] = (), clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._server: WSGIServer | None = None
        self._thread: threading.Thread | None = None
        self._lives: dict[str, _Life] = {}
        self._queues: dict[Counter, float] = {}
        self._watched: dict[Counter, float] = {}
        self._taken_in: dict[Counter, float] = {}
        self._rule_ids: set[str] = set()
        self._interfaces: set[str] = set()
        self.registry = _OneMoment(self._lock)
        self._declare_packets()
        self._declare_findings()
        self._declare_watch()
        self._declare_intake()
        self._declare_incidents()
        self._declare_notifications()
        self._declare_ledger()
        self._declare_daemon()
        for interface in interfaces:
            self.interface(interface)

    def _declare_packets(self) -> None:
        self._received = self._counter(
            "sentinel_packets_received", "Packets that came to the interface.", "interface"
        )
        self._packets = self._counter(
            "sentinel_packets",
            "Packets by what became of them; the outcomes of an interface sum to those received.",
            "interface",
            "outcome",
            "reason",
        )
        self._ring = self._gauge("sentinel_ring_blocks", "Blocks of the capture rings.", "interface", "state")
        self._flows = self._gauge("sentinel_flows_active", "Flows in the tables.")
        self._flows_created = self._counter("sentinel_flows_created", "Flows begun.")
        self._flows_evicted = self._counter(
            "sentinel_flows_evicted", "Flows ended early: the table was full."
        )
        self._refused = self._counter(
            "sentinel_segments_refused", "TCP segments out of order not kept because of a cap."
        )
        self._conflicts = self._counter(
            "sentinel_segment_conflicts", "Retransmissions that differ from the bytes seen before."
        )
        self._weird_dropped = self._counter(
            "sentinel_weird_dropped", "Oddities of decoding past the limit for one batch."
        )
        self._stages = self._counter("sentinel_stage_seconds", "Seconds spent in each stage.", "stage")
        self._lag = self._gauge(
            "sentinel_lag_seconds", "Wall clock minus the time of the packets under work, of the last worker."
        )

    def _declare_findings(self) -> None:
        self._events = self._counter("sentinel_events", "Events by kind.", "kind")
        self._alerts = self._counter("sentinel_alerts", "Alerts by level.", "level")
        self._rule_alerts = self._counter("sentinel_rule_alerts", "Alerts by rule.", "rule_id")
        self._committed = self._counter("sentinel_alerts_committed", "Alerts written to the store.")
        self._rules = self._gauge("sentinel_rules", "Rules loaded and refused.", "state")
        self._reload_failed = self._gauge(
            "sentinel_rule_reload_failed", "1 while changed rules on disk are refused and the former go on."
        )
        self._playbook_open = self._gauge(
            "sentinel_playbook_open", "Runs under way, and their steps that wait for people.", "what"
        )
        self._playbook_ended = self._gauge(
            "sentinel_playbook_ended",
            "Runs that ended since the start, by how; steps caught by a death; starts held back.",
            "how",
        )
        self._reloads = self._counter(
            "sentinel_rule_reloads", "Times that changed rules were taken over or refused.", "result"
        )
        for result in ("taken", "refused"):
            self._reloads.labels(result)
        self._store_errors = self._counter("sentinel_store_errors", "Writes to the store that failed.")
        for kind in KINDS.keys() - _NEVER_EXPORTED | {_OTHER}:
            self._events.labels(kind)
        for level in Level:
            self._alerts.labels(level.value)
        for stage in STAGES:
            self._stages.labels(stage)
        self.rules(0, 0)

    def _declare_watch(self) -> None:
        self._held = self._gauge("sentinel_detector_entries", "Entries that a detector holds.", "detector")
        self._evicted = self._counter(
            "sentinel_detector_evicted", "Entries a detector gave up: its table was full.", "detector"
        )
        self._suppressed = self._counter(
            "sentinel_alerts_suppressed", "Alerts held back by thresholds and maintenance.", "reason"
        )
        for reason in _SUPPRESSED:
            self._suppressed.labels(reason)
        self._correlated = self._gauge("sentinel_correlation_groups", "Groups that correlations follow.")
        self._matches = self._counter("sentinel_correlation_matches", "Matches that correlations took.")
        self._uncorrelated = self._counter(
            "sentinel_correlation_lost",
            "What correlations gave up (groups evicted, entries of overfull windows) or could not use"
            " (matches too late, ungrouped, unusable).",
            "reason",
        )
        for reason in _UNCORRELATED:
            self._uncorrelated.labels(reason)
        self._watch_seconds = self._counter("sentinel_watch_seconds", "Seconds spent by the detectors.")

    def _declare_intake(self) -> None:
        self._log_lines = self._counter("sentinel_intake_lines", "Lines of logs read.", "source")
        self._log_losses = self._counter(
            "sentinel_intake_imperfect",
            "Lines of logs that became a message only (unexplained), were cut off (cut), claimed a time that"
            " cannot be (misdated), or were lost since no one"
            " could follow (dropped); faults of a source (fault).",
            "source",
            "reason",
        )
        self._log_seen = self._gauge(
            "sentinel_intake_last_seen_seconds", "When a source last sent, since 1970; 0 for never.", "source"
        )
        self._log_silent = self._gauge(
            "sentinel_intake_silent", "Senders of a source that are silent for longer than usual.", "source"
        )
        self._log_offset = self._gauge(
            "sentinel_intake_clock_offset_seconds",
            "The most that the clock of a source's sender is off; positive is ahead.",
            "source",
        )

    def _declare_incidents(self) -> None:
        self._incidents = self._gauge(
            "sentinel_incidents_open", "Open incidents, drills left out.", "state", "level"
        )
        self._incidents_seen: set[tuple[str, int]] = set()
        self._overdue = self._gauge(
            "sentinel_incident_clocks_overdue", "Clocks of incidents that ran out, not yet met.", "clock"
        )
        for clock in _CLOCKS:
            self._overdue.labels(clock)
        self._keys_forgotten = self._gauge(
            "sentinel_incident_keys_forgotten", "Keys of open incidents given up because there were too many."
        )

    def _declare_notifications(self) -> None:
        self._outbox = self._gauge("sentinel_outbox_waiting", "Messages not delivered yet.", "channel")
        self._notified = self._counter(
            "sentinel_notifications", "Attempts to deliver a message.", "channel", "outcome"
        )

    def _declare_ledger(self) -> None:
        self._devices = self._gauge("sentinel_ledger_devices", "Devices seen that the ledger holds.")
        self._registered = self._gauge("sentinel_ledger_registered", "Addresses in the register.")
        self._devices_evicted = self._counter(
            "sentinel_ledger_evicted", "Devices given up because the table was full."
        )
        self._assets = self._gauge(
            "sentinel_ledger_assets",
            "Assets: registered, of them seen lately, accurate (seen as registered), complete.",
            "state",
        )
        self._differences = self._gauge(
            "sentinel_ledger_differences", "Open differences between what is seen and registered.", "kind"
        )
        self._differences_waiting = self._gauge(
            "sentinel_ledger_differences_waiting", "Differences that are told later: too many at once."
        )

    def _declare_daemon(self) -> None:
        self._queue_depth = self._gauge("sentinel_queue_depth", "Entries that wait in a queue.", "queue")
        self._queue_dropped = self._counter(
            "sentinel_queue_dropped", "Entries lost because a queue was full.", "queue"
        )
        self._up = self._gauge("sentinel_worker_up", "Whether a capture process reads its packets.", "worker")
        self._restarts = self._counter(
            "sentinel_worker_restarts", "Restarts of a capture process.", "worker", "cause"
        )
        self._gauge("sentinel_build_info", "Version of the daemon.", "version").labels(__version__).set(1)
        ProcessCollector(registry=self.registry)
        self.registry.register(_WorkerMemory(self._pids))

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)

    # What the agent tells.

    def interface(self, interface: str) -> None:
        """Announce an interface: all its series begin with 0."""
        with self._lock:
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
        with self._lock:
            self.interface(interface)
            life = self._life(worker)
            if statistics.packets.received < life.received:
                life.begin()  # a restart nobody told us of
            life.interface = interface
            life.received = statistics.packets.received
            self._grow_packets(life, interface, statistics)
            self._grow_findings(life, statistics)
            life.flows = statistics.flows_active
            life.ring_used, life.ring_total = statistics.ring_blocks_used, statistics.ring_blocks_total
            moved = statistics.last_packet_ts != life.last_packet
            life.last_packet = statistics.last_packet_ts
            behind = max(0.0, self._clock() - life.last_packet)
            # A quiet interface is not a slow one: without new packets there is nothing to be late with.
            life.lag = behind if moved or (life.ring_used and life.last_packet) else 0.0
            self._sum_gauges()

    def watch(self, statistics: WatchStatistics) -> None:
        """Take what the watch has counted since the start; call it again and again."""
        with self._lock:
            self._grow_counts(self._watched, statistics.events, statistics.alerts, statistics.alerts_by_rule)
            _grow(self._watched, self._watch_seconds, statistics.seconds)
            for reason in _SUPPRESSED:
                _grow(self._watched, self._suppressed.labels(reason), statistics.suppressed.get(reason, 0))
            correlations = statistics.correlations
            self._correlated.set(correlations.get("groups", 0))
            _grow(self._watched, self._matches, correlations.get("matches", 0))
            for reason in _UNCORRELATED:
                _grow(self._watched, self._uncorrelated.labels(reason), correlations.get(reason, 0))
            for detector, entries in statistics.entries.items():
                self._held.labels(detector).set(entries)
                _grow(self._watched, self._evicted.labels(detector), statistics.evicted.get(detector, 0))

    def found(self, events: Iterable[Event], alerts: Iterable[Alert]) -> None:
        """So many more events and alerts came from logs."""
        with self._lock:
            for kind, number in _tally(event.kind for event in events).items():
                self._events.labels(kind if kind in KINDS else _OTHER).inc(number)
            for alert in alerts:
                self._alerts.labels(alert.level.value).inc()
                self._rule_alerts.labels(self._rule_label(alert.rule_id)).inc()

    def ledger(self, account: LedgerAccount) -> None:
        """Take the ledger's numbers; call it again and again."""
        with self._lock:
            self._devices.set(account.devices)
            self._registered.set(account.registered)
            _grow(self._watched, self._devices_evicted, account.evicted)
            for state in _ASSETS:
                self._assets.labels(state).set(getattr(account.coverage, state))
            for kind, number in account.differences.items():
                self._differences.labels(kind).set(number)
            self._differences_waiting.set(account.waiting)

    def intake(self, accounts: Mapping[str, SourceAccount]) -> None:
        """Take what became of each source's lines since the start; call it again and again."""
        with self._lock:
            for source, account in accounts.items():
                _grow(self._taken_in, self._log_lines.labels(source), account.lines)
                for reason, number in (
                    ("unexplained", account.unexplained),
                    ("misdated", account.misdated),
                    ("cut", account.cut),
                    ("dropped", account.dropped),
                    ("fault", account.faults),
                ):
                    _grow(self._taken_in, self._log_losses.labels(source, reason), number)
                self._log_seen.labels(source).set(account.last)
                self._log_silent.labels(source).set(account.silent)
                self._log_offset.labels(source).set(account.offset)

    def lag(self, worker: str, seconds: float) -> None:
        """Set a worker's lag, where the caller knows better than `update`, until its next update."""
        with self._lock:
            self._life(worker).lag = seconds
            self._sum_gauges()

    def worker_up(self, worker: str, up: bool, pid: int | None = None) -> None:
        """Say whether a worker reads its packets, and as which process (for its memory)."""
        with self._lock:
            life = self._life(worker)
            life.pid = pid if up else None
            if not up:
                life.flows = life.ring_used = life.ring_total = 0
                life.lag = 0.0
                self._sum_gauges()
            self._up.labels(worker).set(up)

    def forget_worker(self, worker: str) -> None:
        """No longer tell of a worker that has never been, and now is known by another name."""
        with self._lock:
            self._lives.pop(worker, None)
            self._up.remove(worker)

    def worker_restarted(self, worker: str, cause: str) -> None:
        """A worker's process ended for `cause` and another begins, counting from 0.

        Of the cause, the first word counts: `signal 9` is `signal`, one out of `CAUSES`.
        """
        word = cause.partition(" ")[0]
        with self._lock:
            self._life(worker).begin()
            self._restarts.labels(worker, word if word in CAUSES else _OTHER).inc()
            self._sum_gauges()

    def queue(self, name: str, depth: int, dropped: int) -> None:
        """State of a queue: entries waiting now, entries lost since it was made."""
        with self._lock:
            self._queue_depth.labels(name).set(depth)
            _grow(self._queues, self._queue_dropped.labels(name), dropped)

    def rules(self, loaded: int, refused: int, ids: Iterable[str] = ()) -> None:
        """Rules in force, and rules refused; `ids` of those in force begin with 0 alerts."""
        with self._lock:
            self._rules.labels("loaded").set(loaded)
            self._rules.labels("refused").set(refused)
            for rule_id in ids:
                self._rule_alerts.labels(self._rule_label(rule_id))

    def reloaded(self, taken: bool) -> None:
        """Changed rules were taken over, or refused."""
        self._reloads.labels("taken" if taken else "refused").inc()
        self._reload_failed.set(not taken)

    def incidents(
        self, opened: Mapping[tuple[str, int], int], overdue: Mapping[str, int], keys_forgotten: int
    ) -> None:
        """Open incidents by state and level, and clocks overdue by name, drills left out; keys given up so far."""
        self._keys_forgotten.set(keys_forgotten)
        with self._lock:
            for pair in self._incidents_seen | opened.keys():
                self._incidents.labels(pair[0], str(pair[1])).set(opened.get(pair, 0))
            self._incidents_seen |= opened.keys()
            for clock in _CLOCKS:
                self._overdue.labels(clock).set(overdue.get(clock, 0))

    def outbox(self, channel: str, waiting: int) -> None:
        """So many messages wait for a channel."""
        self._outbox.labels(channel).set(waiting)
        for outcome in ("delivered", "retried", "failed"):
            self._notified.labels(channel, outcome)

    def notified(self, channel: str, outcome: str, number: int = 1) -> None:
        """So many messages were `delivered`, are to be `retried`, or `failed` for good."""
        self._notified.labels(channel, outcome).inc(number)

    def playbooks(
        self, running: int, waiting: int, ended: Mapping[str, int], unknown: int, held_back: int
    ) -> None:
        """How the runs of playbooks do."""
        self._playbook_open.labels("runs").set(running)
        self._playbook_open.labels("steps").set(waiting)
        for how, number in {**ended, "unknown_steps": unknown, "held_back": held_back}.items():
            self._playbook_ended.labels(how).set(number)

    def store_error(self) -> None:
        """A write to the store failed."""
        self._store_errors.inc()

    def alerts_committed(self, number: int) -> None:
        """So many more alerts are safe on disk."""
        self._committed.inc(number)

    # Serving.

    def serve(self, settings: MetricsSettings) -> str | None:
        """Answer scrapes in a thread of its own; the address in use (`127.0.0.1:9108`), None when disabled.

        Port 0 takes any free one. Raises `MetricsError` when the address cannot be used.
        """
        if not settings.enabled:
            return None
        self.close()
        try:
            self._server, self._thread = start_http_server(settings.port, settings.listen, self.registry)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise MetricsError(
                Message("agent.metrics-failed", address=settings.listen, port=settings.port, reason=reason)
            ) from error
        shown = f"[{settings.listen}]" if ":" in settings.listen else settings.listen
        return f"{shown}:{self._server.server_port}"

    def close(self) -> None:
        """Stop answering and free the port."""
        server, thread, self._server, self._thread = self._server, self._thread, None, None
        if server is not None and thread is not None:
            server.shutdown()
            server.server_close()
            thread.join()

    def _life(self, worker: str) -> _Life:
        life = self._lives.get(worker)
        if life is None:
            life = self._lives[worker] = _Life()
            self._up.labels(worker)
            for cause in CAUSES:
                self._restarts.labels(worker, cause)
        return life

    def _grow_packets(self, life: _Life, interface: str, statistics: Statistics) -> None:
        seen = life.seen
        _grow(seen, self._received.labels(interface), statistics.packets.received)
        for (outcome, reason), packets in statistics.packets.by_fate().items():
            _grow(seen, self._packets.labels(interface, outcome, reason), packets)
        _grow(seen, self._flows_created, statistics.flows_total)
        _grow(seen, self._flows_evicted, statistics.flows_evicted)
        _grow(seen, self._refused, statistics.segments_refused)
        _grow(seen, self._conflicts, statistics.conflicts)
        _grow(seen, self._weird_dropped, statistics.weird_dropped)
        for stage, seconds in _fold(statistics.stage_seconds, STAGES).items():
            _grow(seen, self._stages.labels(stage), seconds)

    def _grow_findings(self, life: _Life, statistics: Statistics) -> None:
        self._grow_counts(life.seen, statistics.events, statistics.alerts, statistics.alerts_by_rule)

    def _grow_counts(
        self,
        seen: dict[Counter, float],
        events: Mapping[str, int],
        alerts: Mapping[str, int],
        alerts_by_rule: Mapping[str, int],
    ) -> None:
        kinds = {kind: count for kind, count in events.items() if kind not in _NEVER_EXPORTED}
        for kind, count in _fold(kinds, KINDS).items():
            _grow(seen, self._events.labels(kind), count)
        for level, count in _fold(alerts, [level.value for level in Level]).items():
            _grow(seen, self._alerts.labels(level), count)
        by_label: dict[str, int] = {}
        for rule_id, count in alerts_by_rule.items():
            label = self._rule_label(rule_id)
            by_label[label] = by_label.get(label, 0) + count
        for label, count in by_label.items():
            _grow(seen, self._rule_alerts.labels(label), count)

    def _rule_label(self, rule_id: str) -> str:
        if rule_id in self._rule_ids:
            return rule_id
        if len(self._rule_ids) >= _MAX_RULES:
            return _OTHER
        self._rule_ids.add(rule_id)
        return rule_id

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


class _OneMoment(CollectorRegistry):
    """A registry that is read while nobody changes it, so that sums agree in every scrape."""

    def __init__(self, lock: threading.RLock) -> None:
        super().__init__()
        self._moment = lock

    def collect(self) -> Iterable[Metric]:
        with self._moment:
            return list(super().collect())


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


def _tally(kinds: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for kind in kinds:
        counts[kind] = counts.get(kind, 0) + 1
    return counts


def _grow(seen: dict[Counter, float], counter: Counter, total: float) -> None:
    """Bring `counter` forward by what `total` has more than when it was last seen."""
    before = seen.get(counter, 0.0)
    if total > before:
        counter.inc(total - before)
        seen[counter] = total


def _fold(counts: Mapping[str, float], known: Iterable[str]) -> dict[str, float]:
    """The counts of known names, and the sum of all others as `other`."""
    names = frozenset(known)
    folded: dict[str, float] = {}
    for name, count in counts.items():
        label = name if name in names else _OTHER
        folded[label] = folded.get(label, 0) + count
    return folded
