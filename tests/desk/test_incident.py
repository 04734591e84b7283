"""The desk: what was committed is grouped, also what a former life left; who asked hears of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sentinel.desk.incident import IncidentDesk
from sentinel.event import Alert, Level
from sentinel.incident import Change, ChangeKind, IncidentError, IncidentSettings, State
from sentinel.incident.evidence_folder import EvidenceFolder
from sentinel.metrics import Metrics
from sentinel.store import AlertStore, StoreWriter


def alert(number: int) -> Alert:
    return Alert(
        ts=1e9, id=f"a{number}", level=Level.HIGH, title="扫描", rule_id="r", kind="conn", src="192.0.2.1"
    )


async def test_what_a_former_life_left_is_grouped_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        await AlertStore(writer).add([alert(1)])
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        heard: asyncio.Queue[Sequence[Change]] = asyncio.Queue()
        metrics = Metrics()
        desk = IncidentDesk(IncidentSettings(), writer, metrics=metrics, hear=[heard.put_nowait])
        running = asyncio.create_task(desk.run())
        (change,) = await heard.get()
        assert (change.kind, change.alerts) == (ChangeKind.CREATED, 1)
        await AlertStore(writer).add([alert(number) for number in range(2, 30)])
        desk.wake()
        assert [change.kind for change in await heard.get()] == [ChangeKind.GROWN]
        running.cancel()
        labels = {"state": "new", "level": "4"}
        assert metrics.registry.get_sample_value("sentinel_incidents_open", labels) == 1
        outcome = {"outcome": "grouped"}
        assert metrics.registry.get_sample_value("sentinel_incident_alerts", outcome) == 1
    said = [record.getMessage() for record in caplog.records]
    assert any("新事件,扫描(告警 1 条)" in line for line in said)
    assert any("事件扩大,扫描" in line for line in said)


async def test_what_is_written_with_a_change_is_committed_with_it_or_not_at_all(tmp_path: Path) -> None:
    fails = True

    def enqueue(database: Any, changes: Sequence[Change]) -> None:
        database.execute("CREATE TABLE IF NOT EXISTS told (number)")
        database.execute("INSERT INTO told VALUES (?)", (changes[0].number,))
        if fails:
            raise ValueError("no")

    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        await AlertStore(writer).add([alert(1)])
        desk = IncidentDesk(IncidentSettings(), writer, within=[enqueue])
        with pytest.raises(ValueError, match="no"):
            await desk.take()
        counts = (
            "SELECT (SELECT count(*) FROM incident), (SELECT count(*) FROM sqlite_master WHERE name = 'told')"
        )
        assert await writer.run(lambda database: database.execute(counts).fetchone()) == (0, 0)
        fails = False
        (change,) = await desk.take()
        assert await writer.run(lambda database: database.execute("SELECT * FROM told").fetchall()) == [
            (change.number,)
        ]


async def test_a_verb_that_is_refused_changes_nothing(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = IncidentDesk(IncidentSettings(), writer)
        with pytest.raises(IncidentError):
            await desk.act(
                lambda handling, connection: handling.acknowledge(connection, 7, actor="甲", now=1.0)
            )


async def test_evidence_whose_time_is_over_is_removed_and_what_cannot_be_removed_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    evidence = EvidenceFolder(folder, 60.0, 1)
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        now = time.time()
        desk = IncidentDesk(IncidentSettings(), writer, evidence=evidence, clock=lambda: now + 3600)
        numbers = []
        for _ in range(2):
            (change,) = await desk.act(
                lambda handling, connection: handling.open(connection, title="x", actor="甲", now=now)[1]
            )
            numbers.append(change.number)
            (folder / f"{change.number}-0badcafe.zip").write_bytes(bytes(9))
        await desk.act(
            lambda handling, connection: handling.move(
                connection, numbers[0], State.CLOSED, actor="甲", now=now, reason="毕"
            )
        )
        assert [package.number for package in await desk.tidy()] == numbers[:1]
        assert [path.name for path in folder.iterdir()] == [f"{numbers[1]}-0badcafe.zip"]
    said = [record.getMessage() for record in caplog.records]
    assert any(numbers[0] in line and "已删除" in line for line in said)
    assert any("evidence_size" in line for line in said)
