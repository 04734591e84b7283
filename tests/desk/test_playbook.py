"""Alerts and the clock start playbooks: once for one matter, and never more than a person can look at."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from sentinel.config import default_config
from sentinel.desk.playbook import PlaybookDesk
from sentinel.event import Alert, Level
from sentinel.ledger import Asset
from sentinel.metrics import Metrics
from sentinel.notify import ChannelSettings
from sentinel.playbook import journal
from sentinel.store import StoreWriter


def alert(number: int, **more: Any) -> Alert:
    values = {
        "src": "198.51.100.7",
        "dst": "10.1.1.1",
        "category": "MPRANS",
        "rule_id": "r",
        "level": Level.HIGH,
    }
    return Alert(ts=1.0, id=f"a{number}", title="x", kind="conn", **{**values, **more})


class Ledger:
    """Knows one server."""

    def find(self, zone: str | None, address: str, /) -> Asset | None:
        return (
            Asset("政数局", "OA", (), category="应用服务器")
            if (zone, address) == (None, "10.1.1.1")
            else None
        )


def desk_of(
    folder: Path,
    writer: StoreWriter,
    trigger: dict[str, Any],
    now: float = 1e9,
    steps: Any = None,
    **settings: Any,
) -> PlaybookDesk:
    (folder / "playbooks").mkdir(exist_ok=True)
    document = {
        "id": "p", "name": "试", "name_en": "Trial", "triggers": [trigger], "workflow_start": "s",
        "variables": {"host": {"type": "ip-addr", "source": "src"}, "number": {"type": "string"}},
        "workflow": steps
        or {
            "s": {"type": "start", "on_completion": "m"},
            "m": {"type": "manual", "instruction": "x", "instruction_en": "x"},
        },
    }  # fmt: skip
    (folder / "playbooks" / "p.yaml").write_text(yaml.safe_dump(document))
    config = default_config(folder)
    config = replace(
        config,
        playbook=replace(config.playbook, **settings),
        notify=replace(config.notify, channels=CHANNELS),
    )
    return PlaybookDesk(config, writer, Metrics(), clock=lambda: now, ledger=Ledger())


@pytest.mark.parametrize(
    ("trigger", "starts"),
    [({"category": "MP"}, 1), ({"category": "NA"}, 0), ({"rule": "r"}, 1), ({"rule": "q"}, 0), ({"level": "high"}, 1),
     ({"level": "critical"}, 0), ({"category": "MP", "level": "critical"}, 0), ({"manual": True}, 0),
     ({"asset_class": "服务器"}, 1), ({"asset_class": "终端"}, 0), ({"asset_class": "CII"}, 0),
     ({"asset_class": "服务器", "category": "NA"}, 0)],
)  # fmt: skip
async def test_what_a_trigger_fits(tmp_path: Path, trigger: dict[str, Any], starts: int) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = desk_of(tmp_path, writer, trigger)
        assert await desk.take([alert(1)]) == starts
        runs = await writer.run(journal.runs)
    assert [(run.given, run.cause["alert"], run.state) for run in runs] == [
        ({"host": "198.51.100.7"}, "a1", "queued")
    ] * starts


async def test_an_alert_of_a_drill_starts_a_drill_of_its_own(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = desk_of(tmp_path, writer, {"category": "MP"})
        assert await desk.take([alert(1), alert(2, drill=True), alert(3, drill=True)]) == 2
        runs = await writer.run(journal.runs)
    assert sorted((run.drill, run.cause["alert"]) for run in runs) == [(False, "a1"), (True, "a2")]


async def test_one_matter_starts_one_run_even_after_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        async with StoreWriter(tmp_path / "s.sqlite") as writer:
            await desk_of(tmp_path, writer, {"category": "MP"}).take([alert(n) for n in range(50)])
            assert len(await writer.run(journal.runs)) == 1


@pytest.mark.parametrize(
    ("settings", "started"), [({"starts": 7, "open_most": 100}, 7), ({"open_most": 5}, 5)]
)
async def test_a_storm_starts_few_and_counts_the_rest(
    tmp_path: Path, settings: dict[str, int], started: int
) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = desk_of(tmp_path, writer, {"category": "MP"}, **settings)
        assert await desk.take([alert(n, dst=f"10.1.1.{n}") for n in range(50)]) == started
        assert desk.held_back == {False: 50 - started, True: 0}


@pytest.mark.parametrize("settings", [{"starts": 7, "open_most": 100}, {"open_most": 5}])
async def test_a_storm_of_drills_takes_nothing_from_what_is_real(
    tmp_path: Path, settings: dict[str, int]
) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = desk_of(tmp_path, writer, {"category": "MP"}, **settings)
        drills = [alert(n, dst=f"10.1.1.{n}", drill=True) for n in range(50)]
        started = await desk.take(drills)
        assert started == next(iter(settings.values()))
        assert await desk.take([alert(99)]) == 1
        assert desk.held_back == {False: 0, True: 50 - started}


AT_FIVE = {"schedule": {"at": "17:00"}}
FIVE = datetime(2026, 11, 25, 17, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()


async def look(
    folder: Path, trigger: dict[str, Any], *moments: float, **settings: Any
) -> tuple[int, list[str]]:
    """Runs after a daemon looked at these moments, each in a life of its own, and what people were told."""
    for now in moments:
        async with StoreWriter(folder / "s.sqlite") as writer:
            await desk_of(folder, writer, trigger, now, **settings)._start_scheduled()
            runs = await writer.run(journal.runs)
            rows = await writer.run(lambda db: db.conn.execute("SELECT content FROM outbox").fetchall())
    return len(runs), [json.loads(row[0])["text"] for row in rows]


@pytest.mark.parametrize(
    ("moments", "runs", "said"),
    [
        ([FIVE - 60, FIVE + 0.4, FIVE + 60, FIVE + 3600], 1, []),
        ([FIVE + 60], 0, []),  # new at six: it was not to start at five
        ([FIVE - 60, FIVE + 600], 1, ["10 分钟"]),
        ([FIVE - 60, FIVE + 7200], 0, ["不再补做"]),
        ([FIVE - 60, FIVE + 7200, FIVE + 7300], 0, ["不再补做"]),  # told once
        ([FIVE - 60, FIVE + 3 * 86400 + 60], 1, ["3 次没有启动"]),
    ],
)
async def test_a_daemon_that_was_down_at_the_minute(
    tmp_path: Path, moments: list[float], runs: int, said: list[str]
) -> None:
    number, told = await look(tmp_path, AT_FIVE, *moments)
    assert number == runs and len(told) == len(said)
    assert all(part in whole for part, whole in zip(said, told, strict=True))


async def test_scheduled_runs_that_nobody_ends_do_not_pile_up(tmp_path: Path) -> None:
    moments = [1e9 + 60 * minute for minute in range(6)]
    number, told = await look(tmp_path, {"schedule": {"every": 60}}, *moments, open_most=2)
    assert number == 2 and len(told) == 3 and "没有启动" in told[0]


CHANNELS = (
    ChannelSettings("duty", "http://x/", "{text}"),
    ChannelSettings("rehearsal", "http://x/", "{text}", drill=True),
)


@pytest.mark.parametrize(("drill", "channel"), [(False, "duty"), (True, "rehearsal")])
async def test_signs_incidents_and_messages_are_committed_with_the_journal(
    tmp_path: Path, drill: bool, channel: str
) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = desk_of(tmp_path, writer, {"manual": True}, steps=STEPS)
        task = asyncio.create_task(desk.run())
        run = await desk.engine.start("p", {"host": "198.51.100.7"}, actor="甲", drill=drill)
        while not desk.engine.waiting:
            await asyncio.sleep(0.005)
        rows = await writer.run(
            lambda db: db.conn.execute("SELECT channel, drill, content FROM outbox ORDER BY seq").fetchall()
        )
        incidents = await writer.run(
            lambda db: db.conn.execute("SELECT title, drill FROM incident").fetchall()
        )
        entries = await writer.run(lambda db: {one.key: one for one in journal.entries(db, run.id)})
        task.cancel()
        await asyncio.wait([task])
    assert [(row[0], row[1]) for row in rows] == [(channel, drill)] * 3
    said = ["失陷", "198.51.100.7 失陷", "打电话"]  # of the incident, by the playbook, to the officer
    assert all(words in row[2] for words, row in zip(said, rows, strict=True))
    assert all(("演练" in row[2]) == drill for row in rows)
    assert incidents == [("198.51.100.7 失陷", drill)]
    assert entries["o"].outcome["values"]["number"] and entries["n"].outcome["values"] == {"channels": 1}


STEPS = {
    "s": {"type": "start", "on_completion": "o"},
    "o": {"type": "action", "action": "open-incident", "arguments": {"title": "__host__:value 失陷"},
          "save": {"number": "number"},
          "on_completion": "c"},
    "c": {"type": "action", "action": "note-incident", "arguments": {"text": "已启动", "incident": "__number__:value"},
          "on_completion": "n"},
    "n": {"type": "action", "action": "notify", "arguments": {"text": "__host__:value 失陷"}, "on_completion": "m"},
    "m": {"type": "manual", "instruction": "打电话", "instruction_en": "Call"},
}  # fmt: skip
