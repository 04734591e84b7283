"""Alerts are committed before `add` returns, once each, and survive a database that cannot be written."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sentinel.event import Alert, Level
from sentinel.store.alert import AlertStore
from sentinel.store.fault import StoreUnavailable
from sentinel.store.writer import StoreWriter


def alert(number: int, **more: object) -> Alert:
    values = {"ts": float(number), "id": f"a{number}", "level": Level.HIGH, "title": "扫描", "rule_id": "r"}
    return Alert(kind="conn", **{**values, **more})  # type: ignore[arg-type]


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[StoreWriter]:
    async with StoreWriter(tmp_path / "state" / "s.sqlite") as writer:
        yield writer


async def test_what_add_returned_is_committed_for_every_reader(writer: StoreWriter) -> None:
    store = AlertStore(writer)
    await store.add([alert(1), alert(2)])
    with sqlite3.connect(writer.path) as other:
        assert other.execute("SELECT id, title FROM alert ORDER BY id").fetchall() == [
            ("a1", "扫描"),
            ("a2", "扫描"),
        ]
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_the_same_id_is_stored_and_announced_once(writer: StoreWriter) -> None:
    store = AlertStore(writer)
    assert await store.add([alert(1)]) == [alert(1)]
    assert await store.add([alert(1), alert(2)]) == [alert(2)]
    assert await store.count() == 2


async def test_recent_gives_back_what_went_in_newest_first(writer: StoreWriter) -> None:
    store = AlertStore(writer)
    full = alert(
        2,
        tags=["attack.t1190"],
        fields={"uri": "/x"},
        src="10.0.0.1",
        src_port=1,
        title_en="Scan",
        zone="公用网络区",
        respond="先断网",
    )
    await store.add([alert(1), full, alert(3)])
    assert await store.recent(2) == [alert(3), full]


async def test_concurrent_adds_share_commits(writer: StoreWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    store = AlertStore(writer)
    await store.count()
    commits: list[int] = []
    from sentinel.store import writer as module

    real = module._transaction

    def counted(database, jobs):  # type: ignore[no-untyped-def]
        commits.append(len(jobs))
        return real(database, jobs)

    monkeypatch.setattr(module, "_transaction", counted)
    await asyncio.gather(*(store.add([alert(number)]) for number in range(300)))
    assert await store.count() == 300
    assert len(commits) < 100


async def test_a_locked_database_keeps_alerts_in_memory_until_it_is_free(
    writer: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sentinel.store.writer._PATIENCE", 0.01)
    store = AlertStore(writer, waiting=2)
    await store.add([alert(0)])
    writer._close()
    holder = sqlite3.connect(writer.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match=str(writer.path)):
        await store.add([alert(1), alert(2), alert(3)])
    assert (store.backlog, store.lost, store.failures) == (2, 1, 1)
    assert not await store.catch_up()
    holder.execute("ROLLBACK")
    holder.close()
    assert await store.catch_up()
    assert (store.backlog, await store.count()) == (0, 3)


async def test_keep_trying_backs_off_and_comes_back(
    writer: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = AlertStore(writer)
    outcomes = iter([False, False, True])
    pauses: list[float] = []
    done = asyncio.Event()

    async def catch_up() -> bool:
        result = next(outcomes)
        if result:
            store._behind.clear()
            done.set()
        return result

    async def wait(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(store, "catch_up", catch_up)
    store._behind.set()
    task = asyncio.ensure_future(store.keep_trying(wait))
    await done.wait()
    task.cancel()
    assert pauses == [1.0, 2.0, 4.0]


async def test_a_full_disk_is_an_unavailable_store(writer: StoreWriter) -> None:
    store = AlertStore(writer)
    await writer.run(lambda database: database.conn.execute("PRAGMA max_page_count=20").fetchall())
    big = [alert(number, description="x" * 4000) for number in range(60)]
    with pytest.raises(StoreUnavailable):
        await store.add(big)
    assert store.backlog == 60
    assert await store.count() == 0
    assert await store.catch_up()  # the connection was opened anew, without the limit


async def test_a_file_that_is_no_database_is_said_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    path.write_bytes(b"not a database at all" * 400)
    async with StoreWriter(path) as writer:
        store = AlertStore(writer)
        with pytest.raises(StoreUnavailable):
            await store.add([alert(1)])
    assert path.read_bytes().startswith(b"not a database")


async def test_bad_text_does_not_stop_a_batch(writer: StoreWriter) -> None:
    store = AlertStore(writer)
    await store.add([alert(1, title="\udc80", fields={"x": "\udc80"}, src_port=1 << 70), alert(2)])
    assert await store.count() == 2


async def test_a_job_that_fails_by_itself_harms_no_other(writer: StoreWriter) -> None:
    def broken(database: object) -> None:
        raise KeyError("mine")

    store = AlertStore(writer)
    results = await asyncio.gather(
        store.add([alert(1)]), writer.run(broken), store.add([alert(2)]), return_exceptions=True
    )
    assert isinstance(results[1], KeyError)
    assert await store.count() == 2


async def test_a_rules_alerts_since_a_time_of_its_own(writer: StoreWriter) -> None:
    store = AlertStore(writer)
    await store.add([alert(n, id=f"{rule}{n}", rule_id=rule) for rule in "pqr" for n in (3, 1, 2)])
    found = await store.since({"p": 2.0, "q": 0.0, "none": 0.0})
    assert [(one.rule_id, one.ts) for one in found] == [("p", 2), ("p", 3), ("q", 1), ("q", 2), ("q", 3)]
    assert found[0] == alert(2, id="p2", rule_id="p")
