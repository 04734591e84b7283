"""The desk of the ledger: it gives the ledger its events, writes down what changed, and tells where it differs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from sentinel.config import Config
from sentinel.event import Event
from sentinel.ledger import Ledger, LedgerAccount, LedgerStore, Register
from sentinel.ledger.compare import Comparison, Difference, have_zones, newest
from sentinel.ledger.coverage import Coverage, coverage
from sentinel.ledger.stack import Stacks
from sentinel.ledger.store import row_of
from sentinel.ledger.told import News, Told
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
Committed = Callable[[], Awaitable[bool]]
"""Waits for the alerts that were raised so far; whether the database has them all."""

_log = Log("ledger")


class LedgerDesk:
    """`restore` first; `take` for every batch of events; `run` and `keep_comparing` are tasks of the owner's, `flush`
    its last act. `clock` stamps what is told, in seconds since 1970 UTC.

    What is told is written down first and forgotten once `committed` says so: whoever dies in between tells it again,
    with the same time and so the same alerts.
    """

    def __init__(
        self,
        config: Config,
        writer: StoreWriter,
        give: Give,
        committed: Committed,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = config.ledger
        self._writer = writer
        self._give = give
        self._committed = committed
        self._given = 0
        """Number of the last of the news that this life gave."""
        self._clock = clock
        self._told = Told(config.ledger)
        self._recalled = False
        self._coverage = Coverage("")
        self._outage = _log.outage("ledger.behind")
        self._revision = 0
        self.ledger = Ledger(config.ledger, config.flow.local_networks)

    async def restore(self) -> None:
        """Take up what a former life saw."""
        if not await asyncio.to_thread(load_vendors):
            _log.warning("ledger.no-vendors")
        await self._load_stacks()
        try:
            devices = await self._writer.run(lambda database: list(LedgerStore(database.conn).devices()))
        except StoreError as error:
            self._outage.failed(error)
        else:
            self.ledger.seen.restore(devices)
        await self._recall()
        await self.read_register()

    async def _load_stacks(self) -> None:
        """Take the administrator's TCP signatures; what cannot be read of them is said, and ours stay."""
        path = self._settings.signatures
        if not path:
            return
        try:
            stacks, bad = await asyncio.to_thread(Stacks.load, Path(path))
        except OSError as error:
            _log.warning("ledger.no-signatures", path=path, reason=error.strerror or error)
            return
        self.ledger.stacks = stacks
        if bad:
            _log.warning("ledger.bad-signatures", path=path, number=len(bad), line=bad[0])

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
                register = await self._writer.run(
                    lambda database: Register(LedgerStore(database.conn).assets())
                )
                self.ledger.register(register)
                self._revision = revision
        except StoreError as error:
            self._outage.failed(error)

    async def _recall(self) -> bool:
        """Take up which differences a former life told; whether that is known by now."""
        if not self._recalled:
            try:
                told = await self._writer.run(lambda database: LedgerStore(database.conn).told())
            except StoreError as error:
                self._outage.failed(error)
            else:
                self._told.restore(told, self._clock())
                self._recalled = True
        return self._recalled

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
        """Tell what a former life did not tell to the end, then compare again and again, until cancelled."""
        await self._tell()
        while True:
            await asyncio.sleep(self._settings.compare)
            await self.compare()

    async def compare(self) -> None:
        """Tell what began to differ from the register and what no longer does; nothing new while nothing is registered."""
        if not await self._tell() or not self.ledger.registered or not await self._recall():
            return
        comparison, found = await self._look()
        now = self._clock()
        news = await asyncio.to_thread(self._conclude, comparison, found, now)
        if news.begun or news.ended:
            try:
                await self._writer.run(lambda database: LedgerStore(database.conn).tell(news))
            except StoreError as error:
                self._outage.failed(error)  # told by a later comparison
                return
        self._told.keep(news, now)
        if news.begun or news.ended:
            await self._tell()

    async def _tell(self) -> bool:
        """Give what is written down and was not told to the end, by this life or a former one; whether that went well."""
        try:
            untold = await self._writer.run(lambda database: LedgerStore(database.conn).untold())
            if not untold:
                return True
            last = untold[-1][0]
            events = [event for id, event in untold if id > self._given]
            if events:
                await self._give(events)
                self._given = last
            if await self._committed():
                await self._writer.run(lambda database: LedgerStore(database.conn).were_told(last))
        except StoreError as error:
            self._outage.failed(error)
            return False
        return True

    async def _look(self) -> tuple[Comparison, list[Difference]]:
        """Look at all devices, a few at a time, each as it is when its turn comes."""
        devices = list(self.ledger.seen)
        comparison = Comparison(
            self.ledger.registered, self._settings, now=newest(devices), zoned=have_zones(devices)
        )
        found: list[Difference] = []
        for begin in range(0, len(devices), _AT_ONCE):
            for device in devices[begin : begin + _AT_ONCE]:
                found += comparison.look(device)
            await asyncio.sleep(0)
        return comparison, found

    def _conclude(self, comparison: Comparison, found: list[Difference], now: float) -> News:
        """In a thread of its own: it touches nothing that the loop changes meanwhile, but asks who is still known."""
        found += comparison.finish()
        self._coverage = coverage(comparison.register, comparison.alive, found)[-1]
        return self._told.news(found, lambda key: self.ledger.seen.find(key) is not None, now)

    def account(self) -> LedgerAccount:
        """What is measured."""
        ledger = self.ledger
        return LedgerAccount(
            devices=len(ledger.seen),
            evicted=ledger.seen.evicted,
            registered=len(ledger.registered),
            differences=self._told.numbers(),
            coverage=self._coverage,
            waiting=self._told.waiting,
        )

    async def flush(self) -> bool:
        """Write what changed since the last time; whether it could be written."""
        changed, gone = self.ledger.seen.changes()
        try:
            for begin in range(0, max(len(changed), len(gone)), _TOGETHER):
                rows = [row_of(device) for device in changed[begin : begin + _TOGETHER]]
                await self._write(rows, gone[begin : begin + _TOGETHER])
        except StoreError as error:
            self.ledger.seen.put_back(changed, gone)
            self._outage.failed(error)
            return False
        self._outage.over()
        return True

    async def _write(self, rows: list[tuple[object, ...]], gone: list[tuple[str, str]]) -> None:
        await self._writer.run(lambda database: LedgerStore(database.conn).put_devices(rows, gone))
