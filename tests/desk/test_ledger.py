"""The desk writes what was seen, takes it up again in its next life, and outlives a database that fails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sentinel.config import Config
from sentinel.desk.ledger import LedgerDesk
from sentinel.event import Conn, Event, TcpSyn
from sentinel.event import Ledger as LedgerEvent
from sentinel.flow.settings import FlowSettings
from sentinel.ledger import Asset, LedgerSettings, LedgerStore, Register, Registered
from sentinel.ledger.intake import Plan
from sentinel.ledger.sweep import Answer, sights_of
from sentinel.store import StoreWriter
from sentinel.store.session import in_transaction

CONFIG = Config(flow=FlowSettings(local_networks=("10.0.0.0/8",)))
SEEN = Conn(
    ts=10.0, uid="C1", orig_h="10.0.0.5", orig_p=5, resp_h="10.0.0.9", resp_p=22, proto="tcp",
    conn_state="SF", service="ssh", orig_pkts=5, resp_pkts=5,
)  # fmt: skip


async def nobody(events: Sequence[Event]) -> None:
    raise AssertionError(events)


async def at_once() -> bool:
    return True


async def test_the_next_life_knows_what_was_seen(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = LedgerDesk(CONFIG, writer, nobody, at_once)
        desk.take([SEEN])
        await desk.flush()
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = LedgerDesk(CONFIG, writer, nobody, at_once)
        await desk.restore()
        device = desk.ledger.seen.find(("", "10.0.0.9"))
        assert device is not None
        assert device.lasting
        assert [fact.value for fact in device.of("service")] == ["22/tcp ssh"]


async def test_what_could_not_be_written_is_written_later(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.write_text("in the way")
    async with StoreWriter(folder / "s.sqlite") as writer:
        desk = LedgerDesk(CONFIG, writer, nobody, at_once)
        desk.take([SEEN])
        await desk.flush()
        folder.unlink()
        await desk.flush()
        rows = await writer.run(
            lambda database: database.conn.execute("SELECT address FROM device ORDER BY 1").fetchall()
        )
    assert rows == [("10.0.0.5",), ("10.0.0.9",)]


async def test_what_a_command_registers_is_found_while_the_daemon_runs(tmp_path: Path) -> None:
    asset = Asset("政数局", "OA", (("", "10.0.0.9"),), responsible="张三")
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = LedgerDesk(CONFIG, writer, nobody, at_once)
        await desk.restore()
        assert desk.ledger.find(None, "10.0.0.9") is None
        in_transaction(
            tmp_path / "s.sqlite",
            lambda database: LedgerStore(database.conn).apply(Plan(adds=[asset]), actor="张三", ts=1.0),
        )
        await desk.read_register()
        assert desk.ledger.find(None, "10.0.0.9") == asset
        assert desk.ledger.find("another", "10.0.0.9") is None


async def test_a_difference_is_written_down_then_told_once_in_this_life_and_the_next(tmp_path: Path) -> None:
    config = Config(
        flow=FlowSettings(local_networks=("10.0.0.0/8",)), ledger=LedgerSettings(grace=0.0, settle=0.0)
    )
    told: list[LedgerEvent] = []
    rows: list[int] = []

    async def give(events: Sequence[Event]) -> None:
        told.extend(event for event in events if isinstance(event, LedgerEvent))
        count = "SELECT count(*) FROM asset_difference"
        rows.append(await writer.run(lambda database: database.conn.execute(count).fetchone()[0]))

    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = LedgerDesk(config, writer, give, at_once, clock=lambda: 100.0)
        desk.take([SEEN])
        await desk.compare()
        assert told == []  # nothing is registered: all would be shadows
        await writer.run(
            lambda database: LedgerStore(database.conn).apply(
                Plan(adds=[Asset("政数局", "OA", (("", "10.0.0.9"),))]), actor="张三", ts=1.0
            )
        )
        await desk.read_register()
        await desk.compare()
        await desk.compare()
        assert [(event.difference, event.state, event.host) for event in told] == [
            ("exposed", "begun", "10.0.0.9"),
            ("shadow", "begun", "10.0.0.5"),
        ]
        assert rows == [2]
        figures = desk.account().coverage
        assert (figures.registered, figures.seen, figures.accurate, figures.unregistered) == (1, 1, 1, 1)
        await desk.flush()
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = LedgerDesk(config, writer, give, at_once, clock=lambda: 200.0)
        await desk.restore()
        await desk.compare()
        assert len(told) == 2
        assert desk.account().differences == {
            "double_homed": 0, "exposed": 1, "drift": 0, "shadow": 1, "zombie": 0,
        }  # fmt: skip
        await writer.run(
            lambda database: LedgerStore(database.conn).apply(
                Plan(adds=[Asset("政数局", "PC", (("", "10.0.0.5"),))]), actor="张三", ts=2.0
            )
        )
        await desk.read_register()
        await desk.compare()
        assert [(event.difference, event.state, event.ts) for event in told[2:]] == [
            ("shadow", "ended", 200.0)
        ]
        assert rows == [2, 1]


async def test_a_database_in_the_way_delays_a_difference_and_loses_none(tmp_path: Path) -> None:
    config = Config(flow=FlowSettings(local_networks=("10.0.0.0/8",)), ledger=LedgerSettings(grace=0.0))
    told: list[Event] = []

    async def give(events: Sequence[Event]) -> None:
        told.extend(events)

    folder = tmp_path / "state"
    folder.write_text("in the way")
    async with StoreWriter(folder / "s.sqlite") as writer:
        desk = LedgerDesk(config, writer, give, at_once, clock=lambda: 100.0)
        desk.ledger.register(Register([Registered(1, Asset("政数局", "OA", (("", "10.0.0.9"),)))]))
        desk.take([SEEN])
        await desk.compare()
        assert told == []
        folder.unlink()
        await desk.compare()
        assert len(told) == 2


async def test_what_a_scan_left_is_taken_up_and_left_no_longer(tmp_path: Path) -> None:
    def look(database: Any) -> tuple[int, int]:
        tables = ("asset_sight", "device")
        left, written = (
            database.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables
        )
        return left, written

    answers = [Answer(5.0, f"10.0.0.{n}", None, (22,)) for n in (1, 2)]
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = LedgerDesk(CONFIG, writer, nobody, at_once)
        in_transaction(
            tmp_path / "s.sqlite",
            lambda database: LedgerStore(database.conn).leave_sights(
                sight for answer in answers for sight in sights_of(answer, "")
            ),
        )
        assert await writer.run(look) == (4, 0)
        await desk.take_left_sights()
        assert await writer.run(look) == (0, 2)
        device = desk.ledger.seen.find(("", "10.0.0.1"))
        assert device is not None and [fact.value for fact in device.of("service")] == ["22/tcp"]


async def test_what_a_former_life_told_is_not_told_again_though_the_database_comes_late(
    tmp_path: Path,
) -> None:
    config = Config(flow=FlowSettings(local_networks=("10.0.0.0/8",)), ledger=LedgerSettings(grace=0.0))
    register = Register([Registered(1, Asset("政数局", "OA", (("", "10.0.0.9"),)))])
    told: list[Event] = []

    async def give(events: Sequence[Event]) -> None:
        told.extend(events)

    state, aside = tmp_path / "state", tmp_path / "aside"
    for life in (1, 2):
        if life == 2:
            state.rename(aside)
            state.write_text("in the way")
        async with StoreWriter(state / "s.sqlite") as writer:
            desk = LedgerDesk(config, writer, give, at_once, clock=lambda: 100.0)
            await desk.restore()
            desk.ledger.register(register)
            desk.take([SEEN])
            if life == 2:
                await desk.compare()
                state.unlink()
                aside.rename(state)
            await desk.compare()
        assert len(told) == 2


async def test_what_was_not_committed_is_told_again_by_the_next_life_and_only_then(tmp_path: Path) -> None:
    config = Config(
        flow=FlowSettings(local_networks=("10.0.0.0/8",)), ledger=LedgerSettings(grace=0.0, settle=0.0)
    )
    told: list[list[Event]] = []
    safe = False

    async def give(events: Sequence[Event]) -> None:
        told.append(list(events))

    async def committed() -> bool:
        return safe

    def register(address: str) -> Register:
        return Register([Registered(1, Asset("政数局", "OA", (("", "10.0.0.9"), ("", address))))])

    def left(database: Any) -> list[Event]:
        return [event for _, event in LedgerStore(database.conn).untold()]

    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        for life in (1, 2):
            desk = LedgerDesk(config, writer, give, committed, clock=lambda life=life: 100.0 * life)  # type: ignore[misc]
            await desk.restore()
            desk.ledger.register(register("10.0.0.8"))
            desk.take([SEEN])
            await desk.compare()
            await desk.compare()
            assert len(told) == life
            assert await writer.run(left) == told[0]
        assert told[1] == told[0]  # to the moment: the alerts are the same
        safe = True
        await desk.compare()
        assert await writer.run(left) == []
        safe = False
        desk.ledger.register(register("10.0.0.5"))
        await desk.compare()
        [ended] = told[2]
        assert isinstance(ended, LedgerEvent) and (ended.difference, ended.state) == ("shadow", "ended")
        desk = LedgerDesk(config, writer, give, committed, clock=lambda: 300.0)
        desk.ledger.register(register("10.0.0.5"))
        safe = True
        await desk.compare()  # the difference itself is no longer in the table
        assert told[3:] == [[ended]]
        await desk.compare()
        assert len(told) == 4


async def test_what_the_rules_did_not_take_is_given_again(tmp_path: Path) -> None:
    config = Config(flow=FlowSettings(local_networks=("10.0.0.0/8",)), ledger=LedgerSettings(grace=0.0))
    told: list[Event] = []

    async def give(events: Sequence[Event]) -> None:
        told.extend(events)
        if len(told) == 2:
            raise RuntimeError("a fault of ours")

    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = LedgerDesk(config, writer, give, at_once, clock=lambda: 100.0)
        desk.ledger.register(Register([Registered(1, Asset("政数局", "OA", (("", "10.0.0.9"),)))]))
        desk.take([SEEN])
        with pytest.raises(RuntimeError):
            await desk.compare()
        await desk.compare()
        assert told[2:] == told[:2]
        await desk.compare()
        assert len(told) == 4


@pytest.mark.parametrize(
    ("content", "said", "system"),
    [
        ("[tcp:request]\nlabel = s:unix:Ours:2\nsig = *:64:0:*:777,*:mss:df,id+:0\n", "", "Ours 2"),
        ("[tcp:request]\nnonsense\n", "第 2 行", None),
        (None, "读不了 TCP 指纹库", None),
    ],
)
async def test_the_administrators_signatures_are_read_and_their_faults_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str | None, said: str, system: str | None
) -> None:
    path = tmp_path / "p0f.fp"
    if content is None:
        path.mkdir()
    else:
        path.write_text(content)
    config = Config(
        flow=FlowSettings(local_networks=("10.0.0.0/8",)), ledger=LedgerSettings(signatures=str(path))
    )
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = LedgerDesk(config, writer, nobody, at_once)
        await desk.restore()
    desk.take([TcpSyn(ts=1.0, host="10.0.0.5", ttl=60, window=777, options="mss", mss=1460, quirks="df,id+")])
    device = desk.ledger.seen.find(("", "10.0.0.5"))
    assert device is not None
    assert [fact.value for fact in device.of("os")] == ([system] if system else [])
    assert said in caplog.text if said else not caplog.text
