"""The pipeline inside a capture worker: what it makes goes to the agent as frames."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from pathlib import Path

from sentinel.capture.batch import Batch
from sentinel.capture.ring import RingStatistics
from sentinel.capture.worker import WorkerTask
from sentinel.collector import relax_collector
from sentinel.config import Config, ConfigError, rule_settings
from sentinel.event import Alert, Event
from sentinel.event.encode import EventEncoder
from sentinel.event.pack import EventPacker
from sentinel.first_start import compile_kernels
from sentinel.flow.record import Shedding
from sentinel.frame import WorkerFrame, encode_frame
from sentinel.kernel_cache import tolerate_failing_cache
from sentinel.ledger import Ledger
from sentinel.pipeline import Pipeline
from sentinel.rule import Match, ReloadRefused, RuleSet, reload_rules
from sentinel.text import use_language
from sentinel.watch import Watch

__all__ = ["LivePipeline", "make_worker"]

Send = Callable[[bytes, bool], None]


class LivePipeline:
    """A `capture.worker.Consumer`. Events are sent only where the configuration writes them or the watch wants them."""

    def __init__(self, task: WorkerTask, send: Send) -> None:
        config: Config = task.config
        tolerate_failing_cache(lambda error: None)  # `sentinel check` says it
        use_language(config.language)
        compile_kernels()
        self._config, self._settings = config, config.rule
        self._rules = RuleSet.load(self._settings, Path(config.root))
        self._next: RuleSet | None = None
        """Compiled, not yet in force."""
        self._loading = threading.Lock()
        self._shedding = Shedding.NONE
        self._send = send
        self._encoder = EventEncoder() if config.output.events else None
        self._packer = EventPacker(
            Watch(config, None).kinds | (Ledger.kinds if config.ledger.enabled else frozenset())
        )
        self._pipeline = Pipeline(
            config,
            self._rules,
            self._alerts,
            self._events,
            on_matches=self._matches,
            seed=secrets.randbits(62),
            interface=task.interface,
            fingerprint=config.ledger.enabled,
        )
        relax_collector()

    def press(self, full: float) -> None:
        """Give up reading new connections above `capture.shed_above`, all of them half-way from there to a full ring.

        They are read again below half of `shed_above`.
        """
        above = self._config.capture.shed_above
        if full < above / 2:
            shedding = Shedding.NONE
        elif full > (1 + above) / 2:
            shedding = Shedding.ALL
        else:
            shedding = max(self._shedding, Shedding(full > above))
        if shedding != self._shedding:
            self._shedding = shedding
            self._pipeline.shed(shedding)

    def process(self, batch: Batch) -> None:
        """Take a batch."""
        self._take_rules()
        self._pipeline.process(batch)

    def idle(self, now: float) -> None:
        """No packets came for a while."""
        self._take_rules()
        self._pipeline.idle(now)

    def reload(self) -> None:
        """The agent found the rules on disk good: compile them aside, and go on with them at the next batch."""
        threading.Thread(target=self._compile_rules, name="rules", daemon=True).start()

    def _compile_rules(self) -> None:
        with self._loading:
            try:
                settings = rule_settings(self._config)
            except ConfigError:  # a worker without rights may not read it, or it was changed again since
                settings = self._settings
            try:
                self._next = reload_rules(settings, Path(self._config.root), self._rules)
            except ReloadRefused:
                return  # they were changed again since; the agent tells of it
            self._settings = settings

    def _take_rules(self) -> None:
        rules, self._next = self._next, None
        if rules is not None:
            self._pipeline.use(rules)
            self._rules = rules

    def report(self, ring: RingStatistics, blocks: tuple[int, int], dropped_frames: int) -> None:
        """Send the statistics, what the ring lost and the filter refused among them."""
        statistics = self._pipeline.statistics()
        account = statistics.packets.copy()
        account.dropped, account.filtered = ring.dropped, ring.filtered
        account.received += ring.dropped + ring.filtered
        statistics.packets = account
        statistics.ring_blocks_total, statistics.ring_blocks_used = blocks
        self._send(encode_frame(WorkerFrame(statistics=statistics, frames_dropped=dropped_frames)), True)

    def finish(self) -> None:
        """End all flows."""
        self._pipeline.finish()

    def _alerts(self, alerts: list[Alert]) -> None:
        self._send(encode_frame(WorkerFrame(alerts=alerts)), True)

    def _matches(self, matches: list[Match]) -> None:
        self._send(encode_frame(WorkerFrame(matches=matches)), True)

    def _events(self, events: list[Event]) -> None:
        packed = self._packer.pack(events)
        lines = {} if self._encoder is None else self._encoder.encode(events)
        if packed or lines:
            self._send(encode_frame(WorkerFrame(lines=lines, events=packed)), False)


def make_worker(task: WorkerTask, send: Send) -> LivePipeline:
    """Factory for `capture.worker`."""
    return LivePipeline(task, send)
