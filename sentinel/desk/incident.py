"""The desk of incidents: it groups what the store has committed, watches the clocks, and tells who asked to hear.

It holds nothing that the database does not: commands work on the same tables while it runs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from sentinel.incident import Change, ChangeKind, Grading, Grouping, Handling, IncidentError, IncidentSettings
from sentinel.incident.evidence_folder import EvidenceFolder, Package
from sentinel.incident.grouping import accounts
from sentinel.incident.listing import open_by_state_and_level, overdue_clocks
from sentinel.incident.owner import Ledger
from sentinel.log import Log
from sentinel.metrics import Metrics
from sentinel.store import StoreError, StoreWriter
from sentinel.text import Message

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Hear", "IncidentDesk", "Within"]

Hear = Callable[[Sequence[Change]], None]
"""Told of changes once they are committed."""
Within = Callable[[Any, Sequence[Change]], None]
"""Given the database and the changes inside their own transaction: what it writes is committed with them."""
_TOGETHER: Final = 2000
"""Alerts grouped in one transaction."""
_EVERY: Final = 1.0
"""Seconds between looks at clocks, and for alerts that others wrote."""
_TIDY: Final = 3600.0
"""Seconds between looks at the folder of evidence."""

_log = Log("incident")


class IncidentDesk:
    """Alerts → incidents → changes. `run` is a task of the owner's; `wake` says that alerts were committed."""

    def __init__(
        self,
        settings: IncidentSettings,
        writer: StoreWriter,
        *,
        metrics: Metrics | None = None,
        ledger: Ledger | None = None,
        rule_text: Callable[[str], str | None] = lambda rule_id: None,
        tighten: Callable[[float], float] = lambda now: 1.0,
        raised: Callable[[float], int] = lambda now: 0,
        clock: Callable[[], float] = time.time,
        evidence: EvidenceFolder | None = None,
        within: Sequence[Within] = (),
        hear: Sequence[Hear] = (),
    ) -> None:
        self._writer = writer
        self._metrics = metrics
        self._clock = clock
        self._evidence = evidence
        self._within = list(within)
        self._hear = list(hear)
        self._woken = asyncio.Event()
        self._outage = _log.outage("incident.behind")
        self._evidence_outage = _log.outage("evidence.cannot-tidy")
        self._evidence_full = _log.outage("evidence.full")
        self._grouping = Grouping(
            settings, ledger=ledger, rule_text=rule_text, tighten=tighten, raised=raised
        )
        self.handling = Handling(
            settings, Grading.load_or_shipped(settings.clauses, _unusable), tighten, ledger
        )

    def wake(self) -> None:
        """Alerts were committed."""
        self._woken.set()

    async def take(self) -> list[Change]:
        """Group every alert that is committed and not grouped yet. Raises StoreError."""
        changes: list[Change] = []
        while True:
            number, some = await self._do(
                lambda database: self._grouping.advance(database.conn, _TOGETHER, self._clock())
            )
            changes += some
            if number < _TOGETHER:
                return changes

    async def due(self) -> list[Change]:
        """What clocks have to say now. Raises StoreError."""
        _, changes = await self._do(lambda database: (0, self.handling.due(database.conn, self._clock())))
        return changes

    async def act(self, verb: Callable[[Handling, Any], list[Change]]) -> list[Change]:
        """Do what a person or a playbook asks: `act(lambda handling, connection: handling.acknowledge(…))`.

        Raises StoreError, and IncidentError where it cannot be done.
        """
        _, changes = await self._do(lambda database: (0, verb(self.handling, database.conn)))
        return changes

    async def tidy(self) -> list[Package]:
        """Remove the evidence packages whose time is over, or for which there is no room. Raises StoreError."""
        if (evidence := self._evidence) is None:
            return []
        now = self._clock()
        try:
            packages = await asyncio.to_thread(evidence.packages, now)
            if not packages:
                return []
            gone, too_many = await self._writer.run(lambda database: evidence.to_go(database, packages, now))
            for package in gone:
                await asyncio.to_thread(package.path.unlink, missing_ok=True)
                _log.warning("evidence.removed", path=package.path, number=package.number)
        except OSError as error:
            self._evidence_outage.failed(error.strerror or error)
            return []
        self._evidence_outage.over()
        if too_many:
            self._evidence_full.failed(evidence.folder)
        else:
            self._evidence_full.over()
        return gone

    async def run(self) -> None:
        """Group and watch, until cancelled. A database that cannot be used is tried again."""
        looked = tidied = float("-inf")
        while True:
            try:
                await self.take()
                if time.monotonic() - looked >= _EVERY:
                    looked = time.monotonic()
                    await self.due()
                    await self._measure()
                if time.monotonic() - tidied >= _TIDY:
                    tidied = time.monotonic()
                    await self.tidy()
            except StoreError as error:
                self._outage.failed(error)
            else:
                self._outage.over()
            try:
                async with asyncio.timeout(_EVERY):
                    await self._woken.wait()
            except TimeoutError:
                continue
            self._woken.clear()

    async def _do(self, work: Callable[[Database], tuple[int, list[Change]]]) -> tuple[int, list[Change]]:
        def whole(database: Database) -> tuple[int, list[Change]]:
            number, changes = work(database)
            if changes:
                for within in self._within:
                    within(database, changes)
            return number, changes

        number, changes = await self._writer.run(whole)
        for change in changes:
            _tell(change)
        if changes:
            for hear in self._hear:
                hear(changes)
        return number, changes

    async def _measure(self) -> None:
        if self._metrics is None:
            return
        now = self._clock()
        self._metrics.incidents.take(
            *await self._writer.run(
                lambda database: (
                    open_by_state_and_level(database.conn),
                    overdue_clocks(database.conn, now),
                    accounts(database.conn),
                )
            )
        )


def _tell(change: Change) -> None:
    say = _log.info if change.kind in (ChangeKind.STATE, ChangeKind.LEVEL) else _log.warning
    say(
        "incident.change",
        number=change.number,
        kind=change.kind.value,
        what=Message(f"notify.kind.{change.kind.value}"),
        title=change.title,
        alerts=change.alerts,
    )


def _unusable(error: IncidentError) -> None:
    _log.error("incident.clauses-unusable", reason=error)
