"""Seen, claimed, registered, changed, retired: by people, on the record; nothing observed ever does it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sentinel.event import Arp
from sentinel.ledger import Device, Fact, Ledger, LedgerError, LedgerSettings, LedgerStore, Register
from sentinel.ledger.form import Headings
from sentinel.ledger.intake import plan
from sentinel.ledger.life import Registrar, read_values
from sentinel.ledger.sheet import Sheet
from sentinel.ledger.store import row_of
from sentinel.store.writer import open_database

OWNED: dict[str, object] = {"department": "水务局", "responsible": "责任人甲", "phone": "7654321"}
MAC = "00:1b:21:00:00:01"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LedgerStore]:
    """One device was seen in one zone, another in two."""
    database = open_database(tmp_path / "s.sqlite")
    store = LedgerStore(database.conn)
    facts = [Fact("name", "wb-pc", "ntlm", 80, 1.0, 2.0), Fact("mac", MAC, "arp", 80, 1.0, 2.0)]
    seen = [Device("", "10.0.0.9", 1.0, 2.0, True, facts)]
    seen += [Device(zone, "10.0.0.8", 1.0, 2.0, True, []) for zone in ("公用", "专用")]
    store.put_devices(map(row_of, seen), [])
    yield store
    database.close()


def by(store: LedgerStore, person: str = "甲", ts: float = 10.0) -> Registrar:
    return Registrar(store, Headings(), person, ts)


def refused(work: Any) -> str:
    with pytest.raises(LedgerError) as error:
        work()
    return error.value.message.id


def the(store: LedgerStore, id: int) -> Any:
    row = store.asset(id)
    assert row is not None
    return row


def test_the_whole_way_with_its_history(store: LedgerStore) -> None:
    id = by(store).claim("10.0.0.9", None, OWNED)
    row = the(store, id)
    assert (row.life, row.asset.name, row.asset.mac, row.asset.addresses) == (
        "claimed",
        "wb-pc",
        MAC,
        (("", "10.0.0.9"),),
    )
    assert by(store, "乙", 20.0).register("10.0.0.9", None, {"name": "收费电脑", "code": "007"}) == id
    by(store, "丙", 30.0).change(the(store, id), {"responsible": "责任人乙"})
    row = the(store, id)
    assert (row.life, row.asset.name, row.asset.responsible, row.registered_at) == (
        "changed",
        "收费电脑",
        "责任人乙",
        10.0,
    )
    by(store, "丁", 40.0).retire(row, "报废")
    assert store.assets() == [] and store.find(None, "10.0.0.9") is None
    entries = [(ts, actor, action, json.loads(changes)) for ts, actor, action, changes in store.history(id)]
    assert [entry[:3] for entry in entries] == [
        (10.0, "甲", "claimed"), (20.0, "乙", "registered"), (30.0, "丙", "changed"), (40.0, "丁", "retired"),
    ]  # fmt: skip
    assert entries[1][3] == {"name": ["wb-pc", "收费电脑"], "code": ["", "007"]}
    assert entries[2][3] == {"responsible": ["责任人甲", "责任人乙"]}
    assert entries[3][3] == {"reason": "报废"}


def test_only_what_was_seen_is_claimed_and_in_the_zone_that_is_meant(store: LedgerStore) -> None:
    assert refused(lambda: by(store).claim("10.0.0.7", None, OWNED)) == "asset.life.unseen"
    assert refused(lambda: by(store).claim("10.0.0.8", None, OWNED)) == "asset.life.which-zone"
    id = by(store).claim("10.0.0.8", "专用", OWNED)
    assert the(store, id).asset.addresses == (("专用", "10.0.0.8"),)
    assert refused(lambda: by(store).claim("10.0.0.8", "专用", OWNED)) == "asset.life.taken"
    assert refused(lambda: by(store).claim("10.0.0.9", None, {"department": "局"})) == "asset.life.missing"


def test_register_wants_all_that_is_needed_and_what_nobody_has(store: LedgerStore) -> None:
    assert refused(lambda: by(store).register("10.0.0.300", None, OWNED)) == "asset.bad.address"
    assert refused(lambda: by(store).register("10.0.0.1", None, OWNED)) == "asset.life.missing"
    by(store).register("10.0.0.1", None, OWNED | {"name": "a", "code": "1"})
    again = OWNED | {"name": "b", "code": "1"}
    assert refused(lambda: by(store).register("10.0.0.1", None, again)) == "asset.life.taken"
    assert refused(lambda: by(store).register("10.0.0.2", None, again)) == "asset.life.number-taken"
    assert len(store.assets()) == 1


def test_a_retired_asset_is_left_alone_and_its_address_and_number_are_free(store: LedgerStore) -> None:
    values = OWNED | {"name": "a", "code": "1"}
    id = by(store).register("10.0.0.1", None, values)
    assert refused(lambda: by(store).retire(the(store, id), " ")) == "asset.life.no-reason"
    by(store).retire(the(store, id), "报废")
    for verb in (
        lambda: by(store).change(the(store, id), {"name": "b"}),
        lambda: by(store).retire(the(store, id), "又"),
        lambda: by(store).lock(the(store, id), ["name"]),
    ):
        assert refused(verb) == "asset.life.already-retired"
    assert by(store).register("10.0.0.1", None, values) != id
    assert the(store, id).asset.code == "1"


def test_a_locked_field_refuses_people_and_imports_until_it_is_unlocked(store: LedgerStore) -> None:
    id = by(store).register("10.0.0.1", None, OWNED | {"name": "a"})
    by(store).lock(the(store, id), ["responsible", "mac"])
    assert the(store, id).locked == {"responsible", "mac"}
    assert (
        refused(lambda: by(store).change(the(store, id), {"responsible": "乙"})) == "asset.life.locked-fields"
    )
    head = ["设备名称", "IP地址", "责任单位", "责任人", "联系电话"]
    row = ["a", "10.0.0.1", "水务局", "乙", "7654321"]
    made = plan([Sheet("s", [head, row])], store.assets(), Headings())
    assert [one.reason.id for one in made.conflicts] == ["asset.conflict.locked"]
    by(store).change(the(store, id), {"name": "b"})
    by(store).lock(the(store, id), ["responsible"], unlock=True)
    by(store).change(the(store, id), {"responsible": "乙"})
    assert [entry[2] for entry in store.history(id)] == [
        "registered", "locked", "changed", "unlocked", "changed",
    ]  # fmt: skip


def test_an_import_that_says_more_of_a_claimed_asset_registers_it(store: LedgerStore) -> None:
    id = by(store).claim("10.0.0.9", None, OWNED)
    head = ["设备名称", "IP地址", "责任单位", "责任人", "联系电话"]
    sheet = Sheet("s", [head, ["收费电脑", "10.0.0.9", "水务局", "责任人甲", "7654321"]])
    store.apply(plan([sheet], store.assets(), Headings()), actor="甲", ts=20.0)
    assert (the(store, id).life, the(store, id).asset.mac) == ("registered", MAC)


def test_nothing_that_is_observed_changes_what_is_registered(store: LedgerStore) -> None:
    id = by(store).claim("10.0.0.9", None, OWNED)
    before = the(store, id)
    ledger = Ledger(LedgerSettings(), ["10.0.0.0/8"])
    ledger.register(Register(store.assets()))
    for n in range(100):
        ledger.take([
            Arp(ts=100.0 + n, operation="reply", sender_mac=f"00:1b:21:00:01:{n:02x}", sender_ip="10.0.0.9",
                target_mac="00:00:00:00:00:00", target_ip="10.0.0.1")
        ])  # fmt: skip
    changed, gone = ledger.seen.changes()
    assert changed
    store.put_devices(map(row_of, changed), gone)
    assert the(store, id) == before
    assert ledger.find(None, "10.0.0.9") == before.asset


def test_values_are_read_as_a_register_s_cells_are() -> None:
    read = read_values(
        ["责任人=责任人甲", "mac=00-1B-21-00-00-01", "等保级别=三级", "关基=是", "IP=10.0.0.1 10.9.0.1@专用"],
        Headings(),
        "公用",
    )
    assert read == {
        "responsible": "责任人甲", "mac": MAC, "protection_level": "3", "cii": True,
        "addresses": (("公用", "10.0.0.1"), ("专用", "10.9.0.1")),
    }  # fmt: skip
    for said, id in (
        ("责任人", "no-field"),
        ("没有=1", "no-field"),
        ("区域=a", "no-field"),
        ("等保级别=九级", "bad"),
    ):
        assert refused(lambda said=said: read_values([said], Headings())) == f"asset.life.{id}"
