"""What a comparison reads of the database is enough for it, and it reads in one pass."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from sentinel.ledger import Asset, Device, Fact, LedgerSettings, LedgerStore, Register
from sentinel.ledger.compare import Comparison, compare
from sentinel.ledger.intake import Plan
from sentinel.ledger.store import row_of
from sentinel.store.session import in_transaction

DAY = 86400.0
NOW = 100 * DAY
MAC, OTHER, THIRD = "00:1b:21:00:00:01", "00:1b:21:00:00:02", "00:1b:21:00:00:03"


def device(address: str, *facts: tuple[str, str], zone: str = "办公区") -> Device:
    known = [Fact(field, value, "conn", 90, NOW, NOW) for field, value in facts]
    return Device(zone, address, 0.0, NOW, True, known)


DEVICES = [
    device("10.0.0.1", ("mac", OTHER)),
    device("10.0.0.2", ("vendor", "Hangzhou Hikvision"), ("service", "445/tcp smb"), ("service", "8000/tcp")),
    device("10.0.0.3", ("mac", MAC)),
    device("10.0.0.3", ("mac", MAC), zone="专网区"),
    device("10.0.0.4"),
]
ASSETS = [
    Asset(
        "公安局", "工作站", (("办公区", "10.0.0.1"),), code="1", category="终端", mac=THIRD, responsible="甲",
        phone="0759-1", location="三楼", system="办公", protection_level="3", access_class="A", cii=True, note="备",
    ),
    Asset("教育局", "摄像机", (("办公区", "10.0.0.2"),), code="2", vendor="大华", model="M", responsible="乙"),
    Asset("教育局", "旧机", (("办公区", "10.0.0.9"), ("办公区", "10.0.0.10")), code="3", os="Windows 7"),
]  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "s.sqlite"

    def fill(store: LedgerStore) -> None:
        store.put_devices([row_of(one) for one in DEVICES], [])
        store.apply(Plan(adds=ASSETS), actor="test", ts=1.0)
        gone = store.add(Asset("局", "注销的", (("办公区", "10.0.0.4"),)), "registered", actor="test", ts=1.0)
        store.retire(gone, "报废", actor="test", ts=2.0)

    in_transaction(path, lambda database: fill(LedgerStore(database.conn)))
    return path


def test_what_a_comparison_reads_of_the_assets_shows_every_difference_as_all_of_them_would(
    path: Path,
) -> None:
    def look(store: LedgerStore) -> list[list[tuple[object, ...]]]:
        latest, zoned = store.newest()
        shown = []
        for assets in (store.assets(), store.compared_assets()):
            comparison = Comparison(Register(assets), LedgerSettings(), now=latest, zoned=zoned)
            found = comparison.whole(store.devices())
            shown.append([(*one[:7], one.asset and (one.asset.name, one.asset.responsible)) for one in found])
        return shown

    whole, brief = in_transaction(path, lambda database: look(LedgerStore(database.conn)))
    assert brief == whole
    assert sorted({(one[0], one[3]) for one in whole}) == [
        ("double_homed", "mac"),
        ("drift", "mac"),
        ("drift", "service"),
        ("drift", "vendor"),
        ("exposed", "inside"),
        ("shadow", ""),
        ("zombie", ""),
    ]


def test_a_stream_of_devices_is_compared_as_all_of_them_at_once(path: Path) -> None:
    def look(store: LedgerStore) -> tuple[tuple[float, bool], list[object], list[object]]:
        register = Register(store.assets())
        latest, zoned = store.newest()
        stream = Comparison(register, LedgerSettings(), now=latest, zoned=zoned).whole(store.devices())
        _, found = compare(list(store.devices()), register, LedgerSettings())
        return (latest, zoned), [msgspec.to_builtins(one) for one in stream], [
            msgspec.to_builtins(one) for one in found
        ]  # fmt: skip

    newest, stream, found = in_transaction(path, lambda database: look(LedgerStore(database.conn)))
    assert newest == (NOW, True)
    assert stream == found
    assert len(stream) == 11


def test_nothing_was_seen(tmp_path: Path) -> None:
    newest = in_transaction(tmp_path / "s.sqlite", lambda database: LedgerStore(database.conn).newest())
    assert newest == (0.0, False)
