"""The agent: the one process that owns store, outputs, metrics and the capture workers.

A worker's alerts are committed to the store, then announced. What is slow is fed through bounded queues:
event lines and announcements give way, counted, when their outlet cannot follow; alerts never give way here,
the agent reads no further frames until the store took them, and the worker's channel bounds what waits there.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from sentinel import __version__
from sentinel.capture.interface import can_capture, default_interface
from sentinel.capture.settings import CaptureSettings
from sentinel.capture.supervisor import Supervisor
from sentinel.config import Config
from sentinel.desk.duty import DutyDesk, reach
from sentinel.desk.feed import FeedDesk
from sentinel.desk.incident import IncidentDesk
from sentinel.desk.ledger import LedgerDesk
from sentinel.desk.log import LogDesk
from sentinel.desk.notify import NotifyDesk
from sentinel.desk.playbook import PlaybookDesk
from sentinel.desk.rule import RuleDesk
from sentinel.desk.worker import WorkerDesk, Workers
from sentinel.event import KINDS, Alert, Event
from sentinel.event.encode import EventEncoder
from sentinel.incident.evidence_folder import EvidenceFolder
from sentinel.ledger import Ledger
from sentinel.log import Log
from sentinel.metrics import Metrics, MetricsError
from sentinel.outlet import Outlet, Sink, sink_for
from sentinel.recollection import Recollection
from sentinel.rule import Findings, Match, RuleSet
from sentinel.service import ServiceManager
from sentinel.store import AlertStore, StoreError, StoreWriter
from sentinel.text import Message
from sentinel.watch import Watch

__all__ = ["Agent"]

_WORKER: Final = "sentinel.live:make_worker"
_UNKNOWN: Final = "default"
"""In metrics: the interface of a default route that is not there."""
_ROUTE: Final = 5.0
"""Seconds between looks for a default route that was not there at the start."""
_HEARTBEAT: Final = 1.0
_SILENCE: Final = 10.0
"""Seconds without an answer after which the store does not count as alive."""
_ALERT_FRAMES: Final = 256
"""Alert frames between the workers and the store."""
_TOGETHER: Final = 2000
"""Alerts brought to the store at once."""
_FAREWELL: Final = 4.0
"""Seconds that the workers, the store and the outlets have to end, all in all."""

_log = Log("agent")


Supervise = Callable[
    [CaptureSettings, tuple[str, ...], str, Any, Callable[[str, str, str], None]],
    AbstractAsyncContextManager[Workers],
]


class Agent:
    """Runs until `stop`. `supervise`, `service` and `announcements` can be replaced by tests."""

    def __init__(
        self,
        config: Config,
        *,
        supervise: Supervise = Supervisor,
        service: ServiceManager | None = None,
        announcements: Sink | None = None,
        load_rules: Callable[..., RuleSet] = RuleSet.load,
    ) -> None:
        self._config = config
        self._supervise = supervise
        self._service = service or ServiceManager()
        self._announcements = announcements
        self._stopping = asyncio.Event()
        self._deadline = float("inf")
        self._alerts: asyncio.Queue[list[Alert] | asyncio.Future[bool] | None] = asyncio.Queue(_ALERT_FRAMES)
        self._encoder = EventEncoder()
        self._watch = Watch(config, None)
        self._outlets: dict[str, Outlet] = {}
        self._logs: LogDesk | None = None
        self._playbooks: PlaybookDesk | None = None
        self._incidents: IncidentDesk | None = None
        self._ledger: LedgerDesk | None = None
        self._store_failures = 0
        self._behind = False
        self._lost_told = False
        self.metrics = Metrics()
        wanted = self._watch.kinds | (Ledger.kinds if config.ledger.enabled else frozenset())
        self._workers = WorkerDesk(self.metrics, wanted, self._give, self._write)
        self._duty: DutyDesk | None = None
        self._rules = RuleDesk(
            config,
            self._watch,
            self.metrics,
            self._workers.reload,
            load_rules,
            frozen=lambda: self._duty is not None and self._duty.frozen(),
        )

    def stop(self, reason: str) -> None:
        """Begin the end; `reason` (a signal's name) goes into the log."""
        if not self._stopping.is_set():
            self._deadline = time.monotonic() + _FAREWELL
            _log.info("agent.stopping", signal=reason)
            self._service.stopping()
            self._stopping.set()

    def reopen(self) -> None:
        """Go on in new output files: the old ones were moved away."""
        for outlet in self._outlets.values():
            outlet.reopen()
        _log.info("agent.reopened")

    def reload(self) -> None:
        """Look at the rules on disk now; good ones take the place of those that run."""
        self._rules.reload()

    async def run(self) -> None:
        """Start everything that can be started, and run until `stop`."""
        _log.info("agent.starting", version=__version__)
        self._open_outlets()
        self._serve_metrics()
        try:
            async with StoreWriter(Path(self._config.store.path)) as writer:
                await self._with_store(writer)
        finally:
            await asyncio.to_thread(self._close_outlets)
            self.metrics.close()
        _log.info("agent.stopped")

    async def _with_store(self, writer: StoreWriter) -> None:
        store = AlertStore(writer, self._config.store.waiting)
        with contextlib.suppress(StoreError):
            await self._examine(writer)
        await self._rules.load()
        recollection = Recollection(self._watch, writer)
        await recollection.restore()
        ledger = LedgerDesk(self._config, writer, self._judge, self._committed)
        if self._config.ledger.enabled:
            await ledger.restore()
            self._ledger = ledger
        zone = ZoneInfo(self._config.duty.zone)
        notify = NotifyDesk(self._config.notify, writer, metrics=self.metrics, reach=reach, zone=zone)
        self._duty = duty = DutyDesk(writer, self._config.duty, put=notify.remind)
        await duty.refresh()
        feeds = FeedDesk(self._config.notify, writer, metrics=self.metrics)
        await feeds.begin()
        self._incidents = incidents = IncidentDesk(
            self._config.incident,
            writer,
            metrics=self.metrics,
            ledger=ledger.ledger,
            rule_text=self._rules.text_of,
            tighten=duty.tighten,
            raised=duty.raised,
            evidence=EvidenceFolder(
                Path(self._config.playbook.evidence),
                self._config.playbook.evidence_keep,
                self._config.playbook.evidence_size,
            ),
            within=[notify.within],
        )
        self._playbooks = playbooks = PlaybookDesk(self._config, writer, self.metrics, ledger=ledger.ledger)
        async with asyncio.TaskGroup() as tasks:
            lasting = [
                tasks.create_task(self._lasting("playbooks", playbooks.run)),
                tasks.create_task(self._lasting("incidents", incidents.run)),
                tasks.create_task(self._lasting("ledger", ledger.run)),
                tasks.create_task(self._lasting("comparison", ledger.keep_comparing)),
                tasks.create_task(self._lasting("duty", duty.run)),
                tasks.create_task(self._lasting("notify", notify.run)),
                tasks.create_task(self._lasting("retry", store.keep_trying)),
                tasks.create_task(self._lasting("recollection", recollection.keep_saving)),
                tasks.create_task(self._lasting("heartbeat", lambda: self._heartbeat(writer, store))),
                tasks.create_task(self._lasting("rules", self._rules.follow)),
            ]
            lasting += [
                tasks.create_task(self._lasting("feed", partial(feeds.follow, feed))) for feed in feeds.feeds
            ]
            committing = tasks.create_task(self._lasting("commit", lambda: self._commit(store)))
            self._logs = logs = LogDesk(self._config, writer, self.metrics, self._judge)
            reading = tasks.create_task(self._lasting("logs", logs.run)) if logs.wanted else None
            await self._capture(tasks)
            if reading is not None:
                reading.cancel()
                await asyncio.wait([reading], timeout=self._left())
            for kind, lines in self._encoder.encode(self._watch.close()).items():
                self._write(kind, lines)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._left()):
                    await self._alerts.put(None)
            await self._end_of(committing)
            for task in lasting:
                task.cancel()
            with contextlib.suppress(TimeoutError, StoreError):
                async with asyncio.timeout(self._left()):
                    await incidents.take()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._left()):
                    await ledger.flush()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._left()):
                    await recollection.save()

    async def _capture(self, tasks: asyncio.TaskGroup) -> None:
        """Run the capture workers, or say why not, until the end begins and their last frames are in."""
        interfaces = self._interfaces()
        if not interfaces:
            self._ready(Message("agent.ready-without-capture"))
            interfaces = await self._later()
            if not interfaces:
                return
        config = self._config
        async with self._supervise(
            config.capture, interfaces, _WORKER, config, self._workers.bury
        ) as workers:
            for interface in interfaces:
                self.metrics.capture.interface(interface)
            reading = tasks.create_task(self._lasting("frames", lambda: self._workers.read(workers)))
            self._ready(Message("agent.ready", interfaces=", ".join(interfaces)))
            await self._stopping.wait()
            workers.stop()
            await self._end_of(reading)

    def _interfaces(self) -> tuple[str, ...]:
        """Where to capture; empty after saying why nowhere."""
        chosen, hindrance = self._chosen()
        if hindrance is None:
            return chosen
        _log.warning("agent.no-capture", reason=hindrance)
        if self._config.capture.enabled:  # what was wanted and is not there must alarm
            for interface in chosen or (_UNKNOWN,):
                self.metrics.capture.interface(interface)
                self.metrics.capture.worker_up(interface, up=False)
        return ()

    def _chosen(self) -> tuple[tuple[str, ...], Message | None]:
        """Where to capture, as far as that is known; and what hinders it."""
        capture = self._config.capture
        default = default_interface()
        chosen = capture.interfaces or ((default,) if default else ())
        if not capture.enabled:
            return chosen, Message("check.capture-off")
        return chosen, can_capture() or (None if chosen else Message("check.no-default-route"))

    async def _later(self) -> tuple[str, ...]:
        """Wait until nothing hinders it any more: a default route may come late. Empty when the end comes first."""
        while not self._stopping.is_set():
            chosen, hindrance = self._chosen()
            if hindrance is None:
                _log.info("agent.route-found", interface=", ".join(chosen))
                self.metrics.capture.forget_worker(_UNKNOWN)
                return chosen
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ROUTE if self._config.capture.enabled else None):
                    await self._stopping.wait()
        return ()

    # What comes from logs, and from the ledger's comparisons.

    async def _judge(self, events: Sequence[Event]) -> None:
        """Take events that no worker's rules saw."""
        found = Findings([], [])
        if self._watch.rules is not None:
            try:
                found = self._watch.rules.find(events)
            except Exception:
                _log.exception(
                    "agent.task-failed", task="rules"
                )  # the events themselves must not be lost by it
        self.metrics.findings.take(events, found.alerts)
        for kind, lines in self._encoder.encode(events).items():
            self._write(kind, lines)
        await self._give(events, found.alerts, found.matches)

    # What the workers and the logs give.

    async def _give(
        self, events: Sequence[Event], alerts: list[Alert], matches: Sequence[Match] = ()
    ) -> None:
        if self._ledger is not None:
            self._ledger.take(events)
        try:
            found = self._watch.take(events, alerts, matches)
        except Exception:
            _log.exception("agent.task-failed", task="watch")  # a detector's fault must cost no rule's alert
            if alerts:
                await self._alerts.put(alerts)
            return
        for kind, lines in self._encoder.encode(found.events).items():
            self._write(kind, lines)
        if found.alerts:
            await self._alerts.put(found.alerts)

    def _write(self, kind: str, lines: bytes) -> None:
        events = self._outlets.get("events")
        if events is not None and kind in KINDS:
            # a file's name must not be chosen by a process that reads hostile bytes
            events.offer(kind, lines)

    # Alerts: committed, then announced.

    async def _commit(self, store: AlertStore) -> None:
        ended = False
        while not ended:
            alerts: list[Alert] = []
            waiting: list[asyncio.Future[bool]] = []
            taken = await self._alerts.get()
            while True:
                if taken is None:
                    ended = True
                elif isinstance(taken, asyncio.Future):
                    waiting.append(taken)
                else:
                    alerts += taken
                if len(alerts) >= _TOGETHER or self._alerts.empty():
                    break
                taken = self._alerts.get_nowait()
            safe = False
            try:
                await self._commit_and_announce(store, alerts)
                safe = not store.backlog
            finally:
                for one in waiting:
                    if not one.done():  # nobody waits any more
                        one.set_result(safe)

    async def _committed(self) -> bool:
        """Wait until every alert given so far was brought to the database; whether it has them all."""
        asked: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        await self._alerts.put(asked)
        return await asked

    async def _commit_and_announce(self, store: AlertStore, alerts: Sequence[Alert]) -> None:
        try:
            new = await store.add(alerts)
        except StoreError as error:
            # Silence would be worse than an announcement that the database does not have yet.
            self._store_failed(error, store.backlog)
            new = list(alerts)
        else:
            self.metrics.store.committed(len(new))
            await self._trigger(new)
            if new and self._incidents is not None:
                self._incidents.wake()
        outlet = self._outlets.get("alerts")
        if new and outlet is not None:
            outlet.offer("alerts", self._encoder.encode_alerts(new))

    async def _trigger(self, alerts: Sequence[Alert]) -> None:
        if self._playbooks is None:
            return
        try:
            await self._playbooks.take(alerts)
        except Exception:
            _log.exception("agent.task-failed", task="playbooks")  # the alerts must be announced all the same

    def _store_failed(self, error: StoreError, backlog: int) -> None:
        if not self._behind:
            self._behind = True
            _log.error("store.behind", reason=error, number=backlog)

    # Being alive.

    async def _heartbeat(self, writer: StoreWriter, store: AlertStore) -> None:
        answered = time.monotonic()
        silent = False
        while True:
            if await self._answers(writer):
                answered, silent = time.monotonic(), False
                self._service.alive()
            elif time.monotonic() - answered > _SILENCE and not silent:
                silent = True
                _log.error("agent.not-alive", seconds=round(time.monotonic() - answered))
            self._measure(writer, store)
            await asyncio.sleep(min(_HEARTBEAT, self._service.watchdog / 3 or _HEARTBEAT))

    async def _answers(self, writer: StoreWriter) -> bool:
        """Whether the store's thread works through its queue, be it only to say that the disk is full."""
        try:
            async with asyncio.timeout(_SILENCE / 2):
                await writer.run(lambda database: None)
        except TimeoutError:
            return False
        except StoreError:
            return True
        return True

    def _measure(self, writer: StoreWriter, store: AlertStore) -> None:
        metrics = self.metrics
        for _ in range(store.failures - self._store_failures):
            metrics.store.failed()
        self._store_failures = store.failures
        if store.lost and not self._lost_told:
            self._lost_told = True
            _log.error("store.lost", number=store.lost)
        if self._behind and not store.backlog:
            self._behind = self._lost_told = False
            _log.info("store.caught-up")
        metrics.watch.take(self._watch.statistics())
        if self._logs is not None:
            self._logs.measure()
        if self._playbooks is not None:
            self._playbooks.measure()
        if self._ledger is not None:
            metrics.ledger.take(self._ledger.account())
        metrics.store.queue("store", store.backlog, store.lost)
        metrics.store.queue("commit", self._alerts.qsize() + writer.waiting, 0)
        for name, outlet in self._outlets.items():
            metrics.store.queue(name, outlet.waiting, outlet.dropped)
            metrics.store.queue(f"{name}_lines", 0, outlet.lost)
        self._workers.measure()

    # Starting and ending.

    async def _examine(self, writer: StoreWriter) -> None:
        """Open the database now, so that what is wrong with it is said at the start."""
        try:
            await writer.run(lambda database: None)
        except StoreError as error:
            self._store_failed(error, 0)
            self.metrics.store.failed()

    def _serve_metrics(self) -> None:
        try:
            address = self.metrics.serve(self._config.metrics)
        except MetricsError as error:
            _log.error(error.message.id, **error.message.values)
        else:
            if address:
                _log.info("agent.metrics", address=address)

    def _open_outlets(self) -> None:
        output = self._config.output
        events = sink_for(output.events, _cannot_write, folder=True)
        alerts = self._announcements or sink_for(output.alerts, _cannot_write, folder=False)
        for name, sink in (("events", events), ("alerts", alerts)):
            if sink is not None:
                self._outlets[name] = Outlet(name, sink)

    def _close_outlets(self) -> None:
        for outlet in self._outlets.values():
            outlet.close(max(0.2, self._left()))

    def _ready(self, message: Message) -> None:
        _log.info(message.id, **message.values)
        self._service.ready(str(message))

    def _left(self) -> float:
        return min(max(0.1, self._deadline - time.monotonic()), _FAREWELL)

    async def _end_of(self, task: asyncio.Task[None]) -> None:
        """Wait for a task that is to end by itself; past the deadline it is cancelled."""
        try:
            async with asyncio.timeout(self._left()):
                await asyncio.shield(task)
        except TimeoutError:
            task.cancel()

    async def _lasting(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """The edge of a task: an error of ours is told, and the work begun again."""
        while True:
            try:
                return await work()
            except Exception:
                _log.exception("agent.task-failed", task=name)
                await asyncio.sleep(_HEARTBEAT)


def _cannot_write(path: Path, error: OSError) -> None:
    _log.error("output.cannot-write", path=path, reason=error.strerror or error)
