"""The watch's memory through restarts: what correlations count is saved now and then, and taken up again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from sentinel.log import Log
from sentinel.rule.correlation.correlation import SECOND
from sentinel.rule.correlation.state import StatePart, Told, recall, restore, save
from sentinel.store import StateStore, StoreError, StoreWriter
from sentinel.watch import Watch

__all__ = ["Recollection"]

_EVERY: Final = 30.0
"""Seconds between savings: so much of the windows is lost where the power goes, though nothing is told twice."""
_PREFIX: Final = "correlation:"

_log = Log("recollection")


class Recollection:
    """Saves and restores a watch. A database that cannot be used costs the memory, never the watch."""

    def __init__(self, watch: Watch, writer: StoreWriter) -> None:
        self._watch = watch
        self._store = StateStore(writer)
        self._outage = _log.outage("recollection.failed")
        self.failures = 0
        """Savings that did not succeed."""

    async def restore(self) -> None:
        """Take up what was saved, and what was told since."""
        correlator = self._watch.correlator
        if not correlator.trackers:
            return
        try:
            rows = await self._store.load()
            told = await self._store.told(dict.fromkeys(correlator.trackers, 0.0))
        except StoreError as error:
            self._failed(error)
            return
        parts = [
            StatePart(name.removeprefix(_PREFIX), signature, data)
            for name, signature, data in rows
            if name.startswith(_PREFIX)
        ]
        groups, damaged = restore(correlator, parts)
        newest: dict[str, float] = {}
        for alert in told:
            newest[alert.rule_id] = max(newest.get(alert.rule_id, alert.ts), alert.ts)
        recall(
            correlator,
            (
                Told(alert.rule_id, alert.ts, alert.fields)
                for alert in told
                if alert.ts >= newest[alert.rule_id] - self._reach(alert.rule_id)
            ),
        )
        _log.info("recollection.restored", groups=groups, damaged=damaged)

    async def save(self) -> None:
        """Write down what changed. Other tasks have their turn in between."""
        parts: dict[str, list[tuple[str, bytes]]] = {}
        for part in save(self._watch.correlator):
            parts.setdefault(_PREFIX + part.correlation, []).append((part.signature, part.data))
            await asyncio.sleep(0)
        try:
            await self._store.save(parts)
        except StoreError as error:
            for name in parts:
                tracker = self._watch.correlator.trackers.get(name.removeprefix(_PREFIX))
                if tracker is not None:
                    tracker.changed = True
            self._failed(error)
        else:
            self._outage.over()

    async def keep_saving(self, wait: Callable[[float], Any] = asyncio.sleep) -> None:
        """Save again and again; run it as a task."""
        while True:
            await wait(_EVERY)
            await self.save()

    def _reach(self, correlation: str) -> float:
        """Seconds before its latest alert in which others of the same correlation still matter."""
        return 2 * self._watch.correlator.trackers[correlation].correlation.timespan / SECOND

    def _failed(self, error: StoreError) -> None:
        self.failures += 1
        self._outage.failed(error)
