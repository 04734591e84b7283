"""The desk of the ledger: it gives the ledger its events, and writes down what changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from sentinel.config import Config
from sentinel.event import Event
from sentinel.ledger import Ledger, LedgerStore
from sentinel.ledger.store import row_of
from sentinel.log import Log
from sentinel.store import StoreError, StoreWriter

__all__ = ["LedgerDesk"]

_EVERY: Final = 5.0
"""Seconds between two writes of what was seen."""
_TOGETHER: Final = 5000
"""Devices written in one piece of work."""

_log = Log("ledger")


class LedgerDesk:
    """`restore` first; `take` for every batch of events; `run` is a task of the owner's, `flush` its last act."""

    def __init__(self, config: Config, writer: StoreWriter) -> None:
        self._writer = writer
        self._outage = _log.outage("ledger.behind")
        self._revision = 0
        flow = config.flow
        self.ledger = Ledger(config.ledger, flow.local_networks, zoned=bool(flow.zones))

    async def restore(self) -> None:
        """Take up what a former life saw."""
        try:
            devices = await self._writer.run(lambda database: LedgerStore(database.conn).devices())
        except StoreError as error:
            _log.error("ledger.behind", reason=error)
        else:
            self.ledger.seen.restore(devices)
        await self.read_register()

    def take(self, events: Sequence[Event]) -> None:
        """Take events in the order they come."""
        self.ledger.take(events)

    async def run(self) -> None:
        """Write every few seconds, until cancelled. A database that cannot be used is tried again."""
        while True:
            await asyncio.sleep(_EVERY)
            await self.flush()
            await self.read_register()

    async def read_register(self) -> None:
        """Take up the register where a command changed it."""
        try:
            revision = await self._writer.run(lambda database: LedgerStore(database.conn).revision())
            if revision != self._revision:
                assets = await self._writer.run(lambda database: LedgerStore(database.conn).assets())
                self.ledger.register(asset for _, asset, _ in assets)
                self._revision = revision
        except StoreError as error:
            self._outage.failed(error)

    async def flush(self) -> None:
        """Write what changed since the last time."""
        changed, gone = self.ledger.seen.changes()
        rows = [row_of(device) for device in changed]
        try:
            for begin in range(0, max(len(rows), len(gone)), _TOGETHER):
                await self._write(rows[begin : begin + _TOGETHER], gone[begin : begin + _TOGETHER])
        except StoreError as error:
            self.ledger.seen.put_back(changed, gone)
            self._outage.failed(error)
        else:
            self._outage.over()

    async def _write(self, rows: list[tuple[object, ...]], gone: list[tuple[str, str]]) -> None:
        await self._writer.run(lambda database: LedgerStore(database.conn).put_devices(rows, gone))
