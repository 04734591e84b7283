"""The watch's memory through restarts: what it counts and has learnt is saved now and then, and taken up again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from sentinel.event import Alert
from sentinel.log import Log
from sentinel.rule import restraint as restraint_room
from sentinel.rule.correlation import state as correlation_state
from sentinel.rule.correlation.correlation import SECOND
from sentinel.rule.correlation.state import StatePart
from sentinel.store import AlertStore, StateStore, StoreError, StoreWriter
from sentinel.watch import Watch

__all__ = ["Recollection"]

_EVERY: Final = 30.0
"""Seconds between savings: so much of the windows is lost where the power goes, though nothing is told twice."""
_BASELINES: Final = 20
"""Each time that many savings are over, what detectors have learnt in weeks is saved too; and when they told something."""
_CORRELATION, _DETECTOR = "correlation:", "detector:"
_THRESHOLDS, _NOTICES = "thresholds", "notices"
_VERSION = "1"

_log = Log("recollection")
Parts = dict[str, list[tuple[str, bytes]]]


class Recollection:
    """Saves and restores a watch. A database that cannot be used costs the memory, never the watch."""

    def __init__(self, watch: Watch, writer: StoreWriter) -> None:
        self._watch = watch
        self._store = StateStore(writer)
        self._alerts = AlertStore(writer)
        self._outage = _log.outage("recollection.failed")
        self.failures = 0
        """Savings that did not succeed."""

    async def restore(self) -> None:
        """Take up what was saved, and what was told since."""
        watch = self._watch
        try:
            saved: Parts = {}
            for name, signature, data in await self._store.load():
                saved.setdefault(name, []).append((signature, data))
            damaged = self._take_up_counts(saved)
            groups, lost = correlation_state.restore(
                watch.correlator,
                (
                    StatePart(name.removeprefix(_CORRELATION), signature, data)
                    for name, parts in saved.items()
                    if name.startswith(_CORRELATION)
                    for signature, data in parts
                ),
            )
            entries, gone = self._take_up_baselines(saved)
            self._recall(await self._alerts.since(self._asked()))
        except StoreError as error:
            self._failed(error)
            return
        _log.info("recollection.restored", groups=groups, entries=entries, damaged=damaged + lost + gone)

    async def save(self, *, baselines: bool = True) -> None:
        """Write down what changed. Other tasks have their turn in between."""
        parts: Parts = {}
        watch = self._watch
        if watch.restraint.changed:
            parts[_THRESHOLDS] = [(_VERSION, restraint_room.save(watch.restraint))]
        if watch.told_notices.changed:
            parts[_NOTICES] = [(_VERSION, watch.told_notices.save())]
            baselines = True
        for part in correlation_state.save(watch.correlator):
            parts.setdefault(_CORRELATION + part.correlation, []).append((part.signature, part.data))
            await asyncio.sleep(0)
        for name, memory in self._memories() if baselines else ():
            if memory.changed:
                parts[name] = []
                for data in memory.save():
                    parts[name].append((memory.version, data))
                    await asyncio.sleep(0)
        try:
            await self._store.save(parts)
        except StoreError as error:
            self._mark(parts)
            self._failed(error)
        else:
            self._outage.over()

    async def keep_saving(self, wait: Callable[[float], Any] = asyncio.sleep) -> None:
        """Save again and again; run it as a task."""
        savings = 0
        while True:
            await wait(_EVERY)
            savings += 1
            await self.save(baselines=savings % _BASELINES == 0)

    def _take_up_counts(self, saved: Parts) -> int:
        """Thresholds and notices told. How many parts could not be read."""
        damaged = 0
        readers: tuple[tuple[str, Callable[[bytes], None]], ...] = (
            (_THRESHOLDS, lambda data: restraint_room.restore(self._watch.restraint, data)),
            (_NOTICES, self._watch.told_notices.restore),
        )
        for name, read in readers:
            for version, data in saved.get(name, ()):
                try:
                    if version == _VERSION:
                        read(data)
                except msgspec.MsgspecError:
                    damaged += 1
        return damaged

    def _take_up_baselines(self, saved: Parts) -> tuple[int, int]:
        """What detectors have learnt. How many entries came back, and how many parts could not be read."""
        entries = damaged = 0
        for name, memory in self._memories():
            came, lost = memory.restore(
                data for version, data in saved.get(name, ()) if version == memory.version
            )
            entries, damaged = entries + came, damaged + lost
        return entries, damaged

    def _memories(self) -> Iterable[tuple[str, Any]]:
        for detector in self._watch.detectors:
            for name, memory in detector.memories.items():
                yield f"{_DETECTOR}{detector.name}:{name}", memory

    def _asked(self) -> dict[str, float]:
        """Whose alerts, and since when, tell what must not be told again."""
        watch, since = self._watch, {}
        for rule in watch.rules.rules if watch.rules is not None else ():
            threshold = watch.restraint.threshold_of(rule.id)
            windows = [] if threshold is None else [threshold.timespan]
            if "notice" in rule.kinds:
                windows.append(watch.quiet)
            if windows:
                since[rule.id] = watch.restraint.now - max(windows)
        return {**since, **dict.fromkeys(watch.correlator.trackers, 0.0)}

    def _recall(self, told: list[Alert]) -> None:
        """What was told by alerts that came after the last saving, and so is in no saved state."""
        watch = self._watch
        newest: dict[str, float] = {}
        for alert in told:
            newest[alert.rule_id] = max(newest.get(alert.rule_id, alert.ts), alert.ts)
        correlation_state.recall(
            watch.correlator,
            (
                alert
                for alert in told
                if alert.rule_id in watch.correlator.trackers
                and alert.ts >= newest[alert.rule_id] - self._reach(alert.rule_id)
            ),
        )
        restraint_room.recall(watch.restraint, told)
        watch.told_notices.recall([alert for alert in told if alert.kind == "notice"], watch.quiet)

    def _reach(self, correlation: str) -> float:
        """Seconds before its latest alert in which others of the same correlation still matter."""
        return 2 * self._watch.correlator.trackers[correlation].correlation.timespan / SECOND

    def _mark(self, parts: Parts) -> None:
        """These are still to be saved."""
        watch = self._watch
        for name in parts:
            tracker = watch.correlator.trackers.get(name.removeprefix(_CORRELATION))
            if tracker is not None:
                tracker.changed = True
        watch.restraint.changed |= _THRESHOLDS in parts
        watch.told_notices.changed |= _NOTICES in parts
        for name, memory in self._memories():
            memory.changed |= name in parts

    def _failed(self, error: StoreError) -> None:
        self.failures += 1
        self._outage.failed(error)
