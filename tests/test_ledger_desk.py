"""The desk writes what was seen, takes it up again in its next life, and outlives a database that fails."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from sentinel.config import Config
from sentinel.event import Conn
from sentinel.flow.settings import FlowSettings
from sentinel.ledger import Asset, LedgerStore
from sentinel.ledger.intake import Plan
from sentinel.ledger_desk import LedgerDesk
from sentinel.store import StoreWriter
from sentinel.store.session import in_transaction

CONFIG = Config(flow=FlowSettings(local_networks=("10.0.0.0/8",)))
SEEN = Conn(
    ts=10.0, uid="C1", orig_h="10.0.0.5", orig_p=5, resp_h="10.0.0.9", resp_p=22, proto="tcp",
    conn_state="SF", service="ssh", orig_pkts=5, resp_pkts=5,
)  # fmt: skip


async def test_the_next_life_knows_what_was_seen(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = LedgerDesk(CONFIG, writer)
        desk.take([SEEN])
        await desk.flush()
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = LedgerDesk(CONFIG, writer)
        await desk.restore()
        device = desk.ledger.seen.find(("", "10.0.0.9"))
        assert device is not None
        assert device.lasting
        assert [fact.value for fact in device.of("service")] == ["22/tcp ssh"]


async def test_what_could_not_be_written_is_written_later(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.write_text("in the way")
    async with StoreWriter(folder / "s.sqlite") as writer:
        desk = LedgerDesk(dataclasses.replace(CONFIG), writer)
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
        desk = LedgerDesk(CONFIG, writer)
        await desk.restore()
        assert desk.ledger.find(None, "10.0.0.9") is None
        in_transaction(
            tmp_path / "s.sqlite",
            lambda database: LedgerStore(database.conn).apply(Plan(adds=[asset]), actor="张三", ts=1.0),
        )
        await desk.read_register()
        assert desk.ledger.find(None, "10.0.0.9") == asset
        assert desk.ledger.find("another", "10.0.0.9") is None
