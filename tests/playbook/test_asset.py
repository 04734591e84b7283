"""Which registered assets nobody cuts off."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.ledger import Asset, LedgerStore
from sentinel.ledger.intake import Plan
from sentinel.playbook.action import Call
from sentinel.playbook.action.block import Block
from sentinel.playbook.asset import Protected, is_of_class
from sentinel.playbook.fault import ActionFailed
from sentinel.playbook.guard import Guard
from sentinel.store import StoreError
from sentinel.store.session import in_transaction


def asset(category: str, *, cii: bool = False, address: str = "10.1.0.9") -> Asset:
    return Asset("政数局", "x", (("内网", address),), category=category, cii=cii)


@pytest.mark.parametrize(
    ("name", "category", "cii", "holds"),
    [("服务器", "应用服务器", False, True), ("服务器", "终端", False, False), ("*", "", False, True),
     ("CII", "终端", True, True), ("CII", "终端", False, False), ("iot", "IoT 设备", False, True)],
)  # fmt: skip
def test_a_class_is_a_word_of_the_register(name: str, category: str, cii: bool, holds: bool) -> None:
    assert is_of_class(asset(category, cii=cii), name) == holds


@pytest.mark.parametrize(
    ("classes", "category", "cii", "protected"),
    [(("服务器",), "应用服务器", False, True), (("服务器",), "终端", False, False), (("服务器",), "", False, True),
     ((), "", False, False), ((), "应用服务器", False, False), ((), "终端", True, True), (("*",), "终端", False, True)],
)  # fmt: skip
def test_who_is_protected(
    tmp_path: Path, classes: tuple[str, ...], category: str, cii: bool, protected: bool
) -> None:
    store = tmp_path / "s.sqlite"
    plan = Plan(adds=[asset(category, cii=cii)])
    in_transaction(store, lambda db: LedgerStore(db.conn).apply(plan, actor="甲", ts=1.0))
    guard = Protected(store, classes)
    assert guard("10.1.0.9") == protected
    assert not guard("198.51.100.7")


async def test_a_registered_server_is_not_blocked_and_a_terminal_is_asked_for(tmp_path: Path) -> None:
    store = tmp_path / "s.sqlite"
    plan = Plan(adds=[asset("服务器"), asset("终端", address="10.1.0.7")])
    in_transaction(store, lambda db: LedgerStore(db.conn).apply(plan, actor="甲", ts=1.0))
    block = Block(tmp_path / "nobody", Guard(is_asset=Protected(store, ("服务器",))))
    with pytest.raises(ActionFailed, check=lambda error: error.message.id == "playbook.guarded"):
        await block.perform(Call("r", "k", "p", {"address": "10.1.0.9", "seconds": 60}))
    with pytest.raises(ActionFailed, check=lambda error: error.message.id == "playbook.no-gatekeeper"):
        await block.perform(Call("r", "k", "p", {"address": "10.1.0.7", "seconds": 60}))


async def test_nobody_is_blocked_while_the_register_cannot_be_read(tmp_path: Path) -> None:
    store = tmp_path / "s.sqlite"
    store.write_bytes(b"no database at all, and longer than a header would be" * 9)
    protected = Protected(store, ("服务器",))
    with pytest.raises(StoreError):
        protected("198.51.100.7")
    block = Block(tmp_path / "nobody", Guard(is_asset=protected))
    with pytest.raises(ActionFailed, check=lambda error: error.message.id == "playbook.guard-blind"):
        await block.perform(Call("r", "k", "p", {"address": "198.51.100.7", "seconds": 60}))
