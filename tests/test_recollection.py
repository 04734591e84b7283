"""The watch's memory: through a restart of the daemon, with and without the last saving."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sentinel.config import default_config
from sentinel.event import Alert
from sentinel.recollection import Recollection
from sentinel.rule import Match, RuleSet
from sentinel.store import AlertStore, StoreWriter
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


def make_watch(folder: Path) -> Watch:
    (folder / "rules.yml").write_text(RULES)
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
