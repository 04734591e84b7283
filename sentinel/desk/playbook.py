"""The desk of playbooks: actions made of what there is, runs started by alerts and by the clock, the engine kept going."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from sentinel.announcement import put_into_outbox
from sentinel.config import Config
from sentinel.desk.duty import reach
from sentinel.duty import DutyBook, Role
from sentinel.event import Alert, Level
from sentinel.incident import Change, Grading, Handling
from sentinel.ledger import LedgerStore
from sentinel.log import Log
from sentinel.metrics import Metrics
from sentinel.notify import ChannelSettings, Notice
from sentinel.playbook import journal
from sentinel.playbook.action import Act
from sentinel.playbook.action.asset import LookUpAsset, LookUpProduct
from sentinel.playbook.action.block import Block, Unblock
from sentinel.playbook.action.evidence import CollectEvidence
from sentinel.playbook.action.guard_period import EndGuardPeriod, SetGuardPeriod
from sentinel.playbook.action.http import HttpRequest
from sentinel.playbook.action.incident import NoteIncident, OpenIncident, UpdateIncident
from sentinel.playbook.action.mqtt import Publish
from sentinel.playbook.action.notify import Notify
from sentinel.playbook.action.script import Script
from sentinel.playbook.action.ssh import Ssh
from sentinel.playbook.approver import Approvers
from sentinel.playbook.asset import Asset, Protected, is_of_class
from sentinel.playbook.document import Playbook, Schedule, Trigger
from sentinel.playbook.engine import Engine, queue_run
from sentinel.playbook.fault import PlaybookError
from sentinel.playbook.guard import Guard
from sentinel.playbook.library import Library
from sentinel.playbook.schedule import Due, due_between, latest_due
from sentinel.playbook.secret import Secrets
from sentinel.playbook.sign import Sign
from sentinel.store import StoreError, StoreWriter
from sentinel.store.outbox import OutboxMessage, enqueue
from sentinel.text import current_language, text

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["PlaybookDesk", "load_library", "make_actions"]

_LOOK = 0.5
"""Seconds between looks at the database."""
_AGAIN = 3600.0
"""Seconds in which the same rule about the same pair of addresses starts a playbook once."""

_PUNCTUAL = 90.0
"""Seconds by which a scheduled start may be late without a word."""
_ACTOR = "sentinel"
_TOLD = frozenset(("waiting", "late", "unknown", "failed"))
"""Signs that go out to people; the others stand in the log."""
_PRIORITY = 2

_log = Log("playbook")


class Ledger(Protocol):
    """Finds registered assets, at once."""

    def find(self, zone: str | None, address: str, /) -> Asset | None:
        """The asset at an address of a zone."""


def make_actions(config: Config) -> dict[str, Act]:
    """All actions, by name."""
    settings = config.playbook
    channels = config.notify.channels
    store, events = Path(config.store.path), config.output.events
    scripts = {script.name: script for script in settings.scripts}
    gatekeeper = Path(settings.gatekeeper)
    grading = Grading.load_or_shipped(
        config.incident.clauses
    )  # the desk of incidents says where that is needed
    zone = ZoneInfo(config.duty.zone)

    def verbs(database: Database, now: float) -> Handling:
        tighten = DutyBook(database, "").guard_periods(now).factor
        return Handling(config.incident, grading, tighten, LedgerStore(database.conn))

    def hear(database: Database, changes: Sequence[Change]) -> None:
        if changes:
            put_into_outbox(database, changes, config.notify, changes[0].at, reach, zone)

    acts: list[Act] = [
        Block(gatekeeper, Guard(settings.never_block, Protected(store, settings.never_block_assets))),
        Unblock(gatekeeper),
        HttpRequest(Secrets(settings.secrets), settings.http_inside),
        Ssh(settings.devices),
        Publish(settings.brokers),
        Notify(
            lambda database, id, run, words, drill, ts: _put(
                database, channels, id, run, "notify", words, drill, ts
            )
        ),
        LookUpAsset(),
        LookUpProduct(),
        SetGuardPeriod(),
        EndGuardPeriod(),
        CollectEvidence(
            store,
            Path(settings.evidence),
            Path(config.incident.attachments),
            Path(events) if events not in ("", "-") else None,
        ),
        *(act(verbs, hear) for act in (OpenIncident, NoteIncident, UpdateIncident)),
        Script(Path(settings.scripts_folder) if settings.scripts_folder else None, scripts),
    ]
    return {act.name: act for act in acts}


def load_library(config: Config) -> Library:
    """The playbooks of the configured folders, and what is wrong with them."""
    return Library.load([Path(folder) for folder in config.playbook.paths], make_actions(config))


class PlaybookDesk:
    """Runs playbooks in the agent."""

    def __init__(
        self,
        config: Config,
        writer: StoreWriter,
        metrics: Metrics,
        clock: Callable[[], float] = time.time,
        ledger: Ledger | None = None,
    ) -> None:
        self._ledger = ledger
        self._settings = config.playbook
        self._writer = writer
        self._channels = config.notify.channels
        self._metrics = metrics
        self._clock = clock
        self._zone = ZoneInfo(config.duty.zone)
        self._looked: dict[str, float] = {}
        """By schedule: the last time due that was seen to."""
        self._started = {True: (0, 0), False: (0, 0)}
        """For drills and for all else: the minute under way and the runs that alerts started in it."""
        self.held_back = {True: 0, False: 0}
        """For drills and for all else: runs that alerts did not start, being more than there may be."""
        self.library = load_library(config)
        self.engine = Engine(
            writer,
            self.library,
            make_actions(config),
            tell=self._tell,
            clock=clock,
            may=Approvers(config.playbook).may,
            periods=lambda database, now: DutyBook(database, _ACTOR).guard_periods(now),
            most=self._settings.most,
        )

    async def run(self) -> None:
        """Until cancelled: take up what is under way, start what is queued or due."""
        for problem in self.library.problems:
            _log.warning("playbook.warning" if problem.warning else "playbook.problem", problem=problem)
        async with self.engine as engine:
            while True:
                try:
                    await self._start_scheduled()
                    await engine.look()
                except StoreError as error:
                    _log.error("playbook.store", reason=error)
                await asyncio.sleep(_LOOK)

    def measure(self) -> None:
        """Tell the metrics how the runs do."""
        engine = self.engine
        ended = {**engine.ended, "unknown_steps": engine.unknown, "held_back": self.held_back[False]}
        self._metrics.playbooks.take(engine.running - engine.drilling, engine.asking, ended)

    async def take(self, alerts: Sequence[Alert]) -> int:
        """Start what these alerts are triggers of; how many runs. Raises StoreError."""
        wanted = [
            (one.playbook, alert, self._id(one.playbook.id, alert))
            for alert in alerts
            for one in self.library.playbooks.values()
            if any(self._fits(trigger, alert) for trigger in one.playbook.triggers)
        ]
        if not wanted:
            return 0
        now = self._clock()

        def queue(database: Database) -> int:
            started = 0
            for playbook, alert, id in wanted:
                if journal.find_run(database, id) is not None:
                    continue
                under_way = journal.count_open(database, playbook.id, _ACTOR, drill=alert.drill)
                if under_way >= self._settings.open_most:
                    self.held_back[alert.drill] += 1
                elif self._may_start(now, alert.drill):
                    started += self._queue(
                        database, playbook, id, now, _given(playbook, alert), _cause(alert), drill=alert.drill
                    )
            return started

        return await self._writer.run(queue)

    async def _start_scheduled(self) -> None:
        """Start what became due, also while there was no daemon; what is too late for that is told."""
        now = self._clock()
        scheduled = [
            (one.playbook, trigger.schedule)
            for one in self.library.playbooks.values()
            for trigger in one.playbook.triggers
            if trigger.schedule is not None
        ]
        wanted = [
            (playbook, schedule, latest_due(schedule, now, self._zone)) for playbook, schedule in scheduled
        ]
        # Looked at in memory first: the database is asked only when something is due.
        if not any(self._looked.get(_name(*one[:2]), -1.0) < one[2] for one in wanted):
            return

        def look(database: Database) -> None:
            for playbook, schedule, due in wanted:
                self._look_at(database, playbook, schedule, due, now)

        await self._writer.run(look)
        self._looked = {_name(playbook, schedule): due for playbook, schedule, due in wanted}

    def _look_at(
        self, database: Database, playbook: Playbook, schedule: Schedule, due: float, now: float
    ) -> None:
        name = _name(playbook, schedule)
        looked = journal.schedule_looked(database, name)
        if looked is not None and (passed := due_between(schedule, looked, now, self._zone)) is not None:
            self._start_due(database, playbook, schedule, passed, now)
        if looked is None or looked < due:
            journal.set_schedule_looked(database, name, now if looked is None else due)

    def _start_due(
        self, database: Database, playbook: Playbook, schedule: Schedule, due: Due, now: float
    ) -> None:
        late = now - due.ts
        told = {
            "playbook": _called(playbook),
            "at": f"{datetime.fromtimestamp(due.ts, self._zone):%Y-%m-%d %H:%M}",
            "minutes": round(late / 60),
            "passed_over": due.passed_over,
        }
        full = journal.count_open(database, playbook.id, _ACTOR) >= self._settings.open_most
        if late > schedule.late or full:
            said = "full" if full else "missed"
        else:
            id = _digest(playbook.id, "schedule", repr(due.ts))
            cause = {"schedule": schedule.at or f"every {schedule.every}", "due": due.ts, "late": round(late)}
            self._queue(database, playbook, id, now, {}, cause)
            if late < _PUNCTUAL and not due.passed_over:
                return
            said = "late"
        _log.warning(f"playbook.schedule.{said}", **told)
        words = text(f"playbook.schedule.{said}", **told)
        _put(database, self._channels, f"{playbook.id}/{due.ts!r}", playbook.id, said, words, False, now)

    def _queue(
        self,
        database: Database,
        playbook: Playbook,
        id: str,
        now: float,
        given: Mapping[str, Any],
        cause: Mapping[str, Any],
        *,
        drill: bool = False,
    ) -> int:
        try:
            queue_run(
                database,
                self.library,
                playbook.id,
                given,
                id=id,
                now=now,
                actor=_ACTOR,
                cause=cause,
                drill=drill,
            )
        except PlaybookError as error:
            _log.error("playbook.problem", problem=error)
            return 0
        return 1

    def _tell(self, database: Database, sign: Sign) -> None:
        run = sign.run
        shelved = self.library.playbooks.get(run.playbook)
        name = run.playbook if shelved is None else _called(shelved.playbook)
        told = {"run": run.id[:8], "playbook": name, "step": sign.key.rstrip("?!<"), "text": sign.text}
        _log.info(f"playbook.sign.{sign.kind}", **told)
        if sign.kind in _TOLD:
            now = self._clock()
            id = f"{run.id}/{sign.key}/{sign.kind}/{now!r}"
            words = text(f"playbook.sign.{sign.kind}", **told)
            if sign.due is not None:
                words += text(
                    "playbook.due", at=f"{datetime.fromtimestamp(sign.due, self._zone):%m-%d %H:%M}"
                )
            if sign.kind in ("waiting", "unknown"):
                asked = "approval" if sign.key.endswith("?") else sign.kind
                words += text(f"playbook.answer.{asked}", **told)
            person, phone = reach(database, Role(sign.owner), now) if sign.owner else ("", "")
            _put(database, self._channels, id, run.id, sign.kind, words, run.drill, now, person, phone)

    def _fits(self, trigger: Trigger, alert: Alert) -> bool:
        if not (trigger.rule or trigger.category or trigger.level or trigger.asset_class):
            return False
        return (
            (not trigger.rule or alert.rule_id == trigger.rule)
            and (not trigger.category or (alert.category or "").startswith(trigger.category))
            and (not trigger.level or alert.level.rank >= Level(trigger.level).rank)
            and (not trigger.asset_class or self._concerns(alert, trigger.asset_class))
        )

    def _concerns(self, alert: Alert, name: str) -> bool:
        """Whether one of the alert's hosts is registered as of that class."""
        if self._ledger is None:
            return False
        found = (self._ledger.find(alert.zone, address) for address in (alert.src, alert.dst) if address)
        return any(asset is not None and is_of_class(asset, name) for asset in found)

    def _id(self, playbook: str, alert: Alert) -> str:
        """The same for all alerts that should start one run between them."""
        matter = (alert.rule_id, alert.src, alert.dst, int(self._clock() // _AGAIN))
        return _digest(playbook, *matter, *(("drill",) if alert.drill else ()))

    def _may_start(self, now: float, drill: bool) -> bool:
        """A drill takes nothing away from what is real."""
        minute, started = self._started[drill]
        if minute != now // 60:
            minute, started = int(now // 60), 0
        if started >= self._settings.starts:
            self.held_back[drill] += 1
            return False
        self._started[drill] = (minute, started + 1)
        return True


def _given(playbook: Playbook, alert: Alert) -> dict[str, Any]:
    fields = {
        name: getattr(alert, name)
        for name in ("src", "dst", "src_port", "dst_port", "rule_id", "title", "zone")
    }
    return {
        name: value
        for name, variable in playbook.variables.items()
        if variable.source
        and (value := fields.get(variable.source, alert.fields.get(variable.source))) is not None
    }


def _cause(alert: Alert) -> dict[str, Any]:
    return {"alert": alert.id, "rule": alert.rule_id, "title": alert.title, "level": str(alert.level)}


def _called(playbook: Playbook) -> str:
    """Its name for people."""
    return playbook.name if current_language() == "zh" else playbook.name_en


def _name(playbook: Playbook, schedule: Schedule) -> str:
    """A schedule's name: one that was changed is a new one."""
    return f"{playbook.id} {schedule.at or schedule.every}"


def _digest(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]


def _put(
    database: Database, channels: Sequence[ChannelSettings], id: str, run: str, kind: str, words: str, drill: bool,
    ts: float, person: str = "", phone: str = "",
) -> int:  # fmt: skip
    """Write a message for every channel that takes it; drills have channels of their own. How many."""
    mark = text("notify.drill") if drill else ""
    if person:
        words += text("notify.to", person=person)
    notice = Notice(
        title=words, number=run[:8], kind=text("playbook.notice"), drill=mark, person=person, phone=phone
    )
    content = notice.content((text("playbook.drill") if drill else "") + words)
    taking = [channel.name for channel in channels if channel.drill == drill]
    messages = [OutboxMessage(f"{id}/{kind}", name, ts, _PRIORITY, content, drill) for name in taking]
    return sum(enqueue(database, message) for message in messages)
