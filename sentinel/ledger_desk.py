"""The desk of the ledger: it gives the ledger its events, writes down what changed, and tells where it differs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from sentinel.config import Config
from sentinel.event import Event
from sentinel.ledger import Ledger, LedgerAccount, LedgerStore
from sentinel.ledger.compare import Comparison, Difference, newest
from sentinel.ledger.coverage import Coverage, coverage
from sentinel.ledger.store import row_of
from sentinel.ledger.told import Told
from sentinel.ledger.vendor import load_vendors
from sentinel.log import Log
from sentinel.store import StoreError, StoreWriter

__all__ = ["LedgerDesk"]

_EVERY: Final = 5.0
"""Seconds between two writes of what was seen."""
_TOGETHER: Final = 5000
"""Devices written in one piece of work."""
_AT_ONCE: Final = 1000
"""Devices compared before other tasks have their turn."""

Give = Callable[[Sequence[Event]], Awaitable[None]]
"""Given new events, for the rules to judge."""

_log = Log("ledger")


class LedgerDesk:
    """`restore` first; `take` for every batch of events; `run` and `keep_comparing` are tasks of the owner's, `flush`
    its last act. `clock` stamps what is told, in seconds since 1970 UTC."""

    def __init__(
        self, config: Config, writer: StoreWriter, give: Give, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = config.ledger
        self._writer = writer
        self._give = give
        self._clock = clock
        self._told = Told(config.ledger)
        self._coverage = Coverage("")
        self._outage = _log.outage("ledger.behind")
        self._revision = 0
        flow = config.flow
        self.ledger = Ledger(config.ledger, flow.local_networks, zoned=bool(flow.zones))

    async def restore(self) -> None:
        """Take up what a former life saw."""
        if not await asyncio.to_thread(load_vendors):
            _log.warning("ledger.no-vendors")
        try:
            devices = await self._writer.run(lambda database: LedgerStore(database.conn).devices())
            told = await self._writer.run(lambda database: LedgerStore(database.conn).told())
        except StoreError as error:
            _log.error("ledger.behind", reason=error)
        else:
            self.ledger.seen.restore(devices)
            self._told.restore(told, self._clock())
        await self.read_register()

    def take(self, events: Sequence[Event]) -> None:
        """Take events in the order they come."""
        self.ledger.take(events)

    async def run(self) -> None:
        """Write every few seconds, until cancelled. A database that cannot be used is tried again."""
        while True:
            await asyncio.sleep(_EVERY)
            await self.flush()
            await self.take_left_sights()
            await self.read_register()

    async def read_register(self) -> None:
        """Take up the register where a command changed it."""
        try:
            revision = await self._writer.run(lambda database: LedgerStore(database.conn).revision())
            if revision != self._revision:
                assets = await self._writer.run(lambda database: LedgerStore(database.conn).assets())
                self.ledger.register(assets)
                self._revision = revision
        except StoreError as error:
            self._outage.failed(error)

    async def take_left_sights(self) -> None:
        """Take up what a command saw; it is left no longer once the devices are written."""
        try:
            left = await self._writer.run(lambda database: LedgerStore(database.conn).left_sights(_TOGETHER))
            if not left:
                return
            self.ledger.take_sights(sight for _, sight in left)
            if await self.flush():
                last = left[-1][0]
                await self._writer.run(lambda database: LedgerStore(database.conn).take_away_sights(last))
        except StoreError as error:
            self._outage.failed(error)

    async def keep_comparing(self) -> None:
        """Compare again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._settings.compare)
            await self.compare()

    async def compare(self) -> None:
        """Tell what began to differ from the register and what no longer does; nothing while nothing is registered."""
        if not self.ledger.registered:
            return
        found = await self._differences()
        now = self._clock()
        news = self._told.news(found, lambda key: self.ledger.seen.find(key) is not None, now)
        if news.begun or news.ended:
            try:
                await self._writer.run(lambda database: LedgerStore(database.conn).tell(news))
            except StoreError as error:
                self._outage.failed(error)  # told by a later comparison
                return
        self._told.keep(news, now)
        if events := [*news.begun.values(), *news.ended.values()]:
            await self._give(events)

    async def _differences(self) -> list[Difference]:
        """All differences; devices that are seen meanwhile are taken as they are when their turn comes."""
        devices = list(self.ledger.seen)
        comparison = Comparison(self.ledger.registered, self._settings, newest(devices))
        found: list[Difference] = []
        for begin in range(0, len(devices), _AT_ONCE):
            for device in devices[begin : begin + _AT_ONCE]:
                found += comparison.look(device)
            await asyncio.sleep(0)
        found += comparison.finish()
        self._coverage = coverage(self.ledger.registered, comparison.alive, found)[-1]
        return found

    def account(self) -> LedgerAccount:
        """What is measured."""
        ledger = self.ledger
        return LedgerAccount(
            devices=len(ledger.seen),
            evicted=ledger.seen.evicted,
            unplaced=ledger.unplaced,
            registered=len(ledger.registered),
            differences=self._told.numbers(),
            coverage=self._coverage,
            waiting=self._told.waiting,
        )

    async def flush(self) -> bool:
        """Write what changed since the last time; whether it could be written."""
        changed, gone = self.ledger.seen.changes()
        rows = [row_of(device) for device in changed]
        try:
            for begin in range(0, max(len(rows), len(gone)), _TOGETHER):
                await self._write(rows[begin : begin + _TOGETHER], gone[begin : begin + _TOGETHER])
        except StoreError as error:
            self.ledger.seen.put_back(changed, gone)
            self._outage.failed(error)
            return False
        self._outage.over()
        return True

    async def _write(self, rows: list[tuple[object, ...]], gone: list[tuple[str, str]]) -> None:
        await self._writer.run(lambda database: LedgerStore(database.conn).put_devices(rows, gone))
