"""Whose asset it is, and who else has the same product."""

from __future__ import annotations

from typing import Any

import pytest
from sqlite_utils import Database

from sentinel.ledger import Asset, Device, Fact, LedgerStore
from sentinel.ledger.store import row_of
from sentinel.playbook.action.asset import LookUpAsset, LookUpProduct
from sentinel.playbook.fault import ActionFailed

SERVER = Asset(
    "政数局", "办件系统", (("", "10.1.0.9"), ("", "10.1.0.10")), category="应用服务器", responsible="张三",
    phone="0668-1", developer="某软件公司", product="办件系统", version="3.1",
)  # fmt: skip


async def test_the_register_says_whose_it_is(perform: Any, register: Any) -> None:
    register(SERVER)
    values = await perform(LookUpAsset(), {"address": "10.1.0.10"})
    said = {name: values[name] for name in ("found", "department", "responsible", "phone", "category", "cii")}
    assert said == {
        "found": True, "department": "政数局", "responsible": "张三", "phone": "0668-1", "category": "应用服务器",
        "cii": False,
    }  # fmt: skip


async def test_what_nobody_registered_is_said_so_and_shown_as_it_was_seen(
    perform: Any, database: Database
) -> None:
    facts = [
        Fact("mac", "02:00:00:00:00:07", "arp", 90, 1.0, 2.0),
        Fact("name", "PC-7", "dhcp", 60, 1.0, 2.0),
    ]
    device = Device("", "10.1.0.7", 1.0, 2.0, True, facts)
    with database.conn:
        LedgerStore(database.conn).put_devices([row_of(device)], [])
    values = await perform(LookUpAsset(), {"address": "10.1.0.7"})
    assert not values["found"] and (values["mac"], values["name"]) == ("02:00:00:00:00:07", "PC-7")
    assert values["department"] == values["responsible"] == values["phone"] == "未登记"
    assert values["system"] == ""


async def test_one_address_in_two_zones(perform: Any, register: Any) -> None:
    register(
        Asset("甲局", "PC", (("a", "10.1.0.1"),), phone="1"),
        Asset("乙局", "PC", (("b", "10.1.0.1"),), phone="2"),
    )
    both = await perform(LookUpAsset(), {"address": "10.1.0.1"})
    assert (both["department"], both["name"], both["phone"]) == ("甲局、乙局", "PC", "1、2")
    assert (await perform(LookUpAsset(), {"address": "10.1.0.1", "zone": "b"}))["department"] == "乙局"
    assert not (await perform(LookUpAsset(), {"address": "10.1.0.1", "zone": "c"}))["found"]


@pytest.mark.parametrize(
    ("asked", "number"),
    [({"product": "办件系统"}, 2), ({"product": "办件系统", "version": "3.1"}, 1), ({"developer": "某软件公司"}, 2),
     ({"product": "办件"}, 0), ({"product": "办件系统", "version": ""}, 2)],
)  # fmt: skip
async def test_who_else_has_the_product(
    perform: Any, register: Any, asked: dict[str, str], number: int
) -> None:
    other = Asset(
        "人社局", "窗口机", (("", "10.1.0.20"),), developer="某软件公司", product="办件系统", version="2.0"
    )
    register(SERVER, other, Asset("人社局", "打印机", (("", "10.1.0.21"),)))
    values = await perform(LookUpProduct(), asked)
    assert values["number"] == number and len(values["list"].splitlines()) == number
    if number == 2:
        assert values["list"].startswith(
            "人社局 窗口机 10.1.0.20 2.0\n政数局 办件系统 10.1.0.9、10.1.0.10 3.1 张三"
        )


async def test_a_product_must_be_named(perform: Any) -> None:
    with pytest.raises(ActionFailed):
        await perform(LookUpProduct(), {"product": ""})
