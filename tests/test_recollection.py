"""The watch's memory: through a restart of the daemon, with and without the last saving."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sentinel.config import default_config
from sentinel.event import Alert, Conn, Event, Suppression
from sentinel.recollection import Recollection
from sentinel.rule import Match, RuleSet
from sentinel.store import AlertStore, StateStore, StoreWriter
from sentinel.watch import Watch

RULES = """title: Base
id: base
logsource: {category: t}
detection: {s: {a: b}, condition: s}
---
title: Many
id: many
correlation:
  type: event_count
  rules: [base]
  group-by: [user]
  timespan: 1m
  condition: {gte: 3}
"""


def make_watch(folder: Path, rules: str = RULES) -> Watch:
    (folder / "rules.yml").write_text(rules)
    config = default_config(folder)
    config = replace(config, rule=replace(config.rule, paths=("rules.yml",)))
    return Watch(config, RuleSet.load(config.rule, folder))


def see(watch: Watch, *times: float) -> list[Alert]:
    return watch.take([], (), [Match(ts=ts, hits={"base": {"user": "u"}}) for ts in times]).alerts


@pytest.mark.parametrize("saved", [True, False])
async def test_a_restart_neither_forgets_nor_tells_twice(tmp_path: Path, saved: bool) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        watch = make_watch(tmp_path)
        memory = Recollection(watch, writer)
        await memory.restore()
        assert see(watch, 1, 2) == []
        await memory.save()
        told = see(watch, 3)
        assert len(told) == 1
        await AlertStore(writer).add(told)
        if saved:
            await memory.save()
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        watch = make_watch(tmp_path)
        await Recollection(watch, writer).restore()
        assert see(watch, 3, 4, 5, 6) == [], "the same burst, seen again or going on"
        assert len(see(watch, 64, 65, 66)) == 1


async def test_what_was_counted_before_counts_on(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        watch = make_watch(tmp_path)
        see(watch, 1, 2)
        await Recollection(watch, writer).save()
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        watch = make_watch(tmp_path)
        await Recollection(watch, writer).restore()
        assert len(see(watch, 3)) == 1


async def test_a_database_that_cannot_be_used_costs_only_the_memory(tmp_path: Path) -> None:
    (tmp_path / "s.sqlite").mkdir()
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        watch = make_watch(tmp_path)
        memory = Recollection(watch, writer)
        await memory.restore()
        assert len(see(watch, 1, 2, 3)) == 1
        await memory.save()
        assert memory.failures == 2 and watch.correlator.trackers["many"].changed


SCANS = """title: Scan
id: scan
logsource: {product: sentinel, service: notice}
detection: {s: {note|startswith: 'Scan::'}, condition: s}
sentinel: {threshold: {type: limit, count: 1, timespan: 1h, by: source}}
"""
HABITS = (
    SCANS.replace("id: scan", "id: habits").replace("Scan::", "First_Seen::").replace("count: 1", "count: 9")
)


def scan(ts: float, dst: str = "10.1.1.1") -> list[Event]:
    return [
        Conn(ts=ts, uid=f"C{port}", orig_h="10.9.9.9", orig_p=4, resp_h=dst, resp_p=port, proto="tcp",
             conn_state="REJ", history="Sr", local_orig=True, local_resp=True)
        for port in range(1, 30)
    ]  # fmt: skip


def visit(ts: float, port: int) -> list[Event]:
    return [
        Conn(ts=ts, uid=f"C{ts}", orig_h="10.9.9.8", orig_p=4, resp_h="10.1.1.7", resp_p=port, proto="tcp",
             conn_state="SF", orig_bytes=9, resp_bytes=9, local_orig=True, local_resp=True)
    ]  # fmt: skip


@pytest.mark.parametrize("saved", [True, False])
async def test_detectors_and_thresholds_go_on(tmp_path: Path, saved: bool) -> None:
    """`saved`: a clean end. Otherwise the process is killed after its alerts were committed."""
    week = 8 * 86_400.0
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        watch = make_watch(tmp_path, SCANS + "---\n" + HABITS)
        memory = Recollection(watch, writer)
        await memory.restore()
        watch.take(visit(0.0, 443))
        await memory.save()
        told = watch.take(scan(week)).alerts
        assert [alert.rule_id for alert in told] == ["scan"]
        assert await AlertStore(writer).add(told) == told
        if saved:
            await memory.save()
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        watch = make_watch(tmp_path, SCANS + "---\n" + HABITS)
        await Recollection(watch, writer).restore()
        again = watch.take(scan(week + 60))
        assert [event.kind for event in again.events if event.kind == "notice"], "it is still written down"
        assert again.alerts == [], "told before the restart, by the detector"
        other = watch.take(scan(week + 90, "10.1.1.2"))
        assert other.alerts == [], "the rule's own threshold is one an hour and source"
        assert [event.reason for event in watch.close() if isinstance(event, Suppression)] == ["limit"]
        assert watch.take(visit(week + 99, 443)).alerts == [], "known for eight days"
        assert [alert.rule_id for alert in watch.take(visit(week + 100, 8080)).alerts] == ["habits"]
        later = watch.take(scan(week + 2 * 3600.0, "10.1.1.3")).alerts
        assert [alert.rule_id for alert in later] == ["scan"]


async def test_baselines_are_saved_seldom_and_when_something_was_told(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        watch = make_watch(tmp_path, SCANS)
        memory, rounds = Recollection(watch, writer), 0

        async def wait(_: float) -> None:
            nonlocal rounds
            rounds += 1
            held = {name for name, _, _ in await StateStore(writer).load() if name.startswith("detector:")}
            assert bool(held) is (rounds > 20), rounds
            watch.take(visit(float(rounds), 443))
            if rounds == 25:
                raise StopAsyncIteration

        with pytest.raises(StopAsyncIteration):
            await memory.keep_saving(wait)
        watch.take(scan(99.0))
        await memory.save(baselines=False)
        assert not any(kept.changed for one in watch.detectors for kept in one.memories.values())


async def test_damaged_state_costs_only_itself(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        names = ("thresholds", "notices", "detector:first_seen:hosts", "correlation:many")
        await StateStore(writer).save(
            {name: [("1", b"\xc1 no"), ("9", b"of another version")] for name in names}
        )
        watch = make_watch(tmp_path)
        memory = Recollection(watch, writer)
        await memory.restore()
        assert memory.failures == 0
        assert len(see(watch, 1, 2, 3)) == 1
