"""Figures of each department and of all, as a comparison finds them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sentinel.ledger import Asset, Device, Fact, LedgerSettings, Register, Registered
from sentinel.ledger.compare import compare
from sentinel.ledger.coverage import Coverage, coverage

DAY = 86400.0
NOW = 100 * DAY


def asset(department: str, *addresses: str, **fields: Any) -> Asset:
    return Asset(department, "a", tuple(("", address) for address in addresses), **fields)


def device(address: str, *facts: Fact, last: float = NOW) -> Device:
    return Device("", address, 0.0, last, True, list(facts))


def figures(devices: list[Device], *assets: Asset) -> list[Coverage]:
    register = Register(Registered(id, one) for id, one in enumerate(assets, 1))
    comparison, found = compare(devices, register, LedgerSettings(), now=NOW)
    return coverage(register, comparison.alive, found)


def test_each_department_and_all() -> None:
    whole = {"category": "终端", "responsible": "甲", "phone": "1234567", "location": "三楼"}
    other = Fact("mac", "00:1b:21:00:00:02", "arp", 80, 0.0, NOW)
    open_port = Fact("service", "445/tcp smb", "conn", 90, 0.0, NOW)
    told = figures(
        [
            device("10.0.0.1"),
            device("10.0.0.2", other),
            device("10.0.0.4", open_port),
            device("10.0.0.9"),
            device("10.0.0.8", last=NOW - 31 * DAY),
        ],
        asset("水务局", "10.0.0.1", "10.0.0.11", **whole),
        asset("水务局", "10.0.0.2", mac="00:1b:21:00:00:01"),
        asset("水务局", "10.0.0.3"),
        asset("政数局", "10.0.0.4", **whole),
    )
    by_name = {one.department: asdict(one) for one in told}
    assert list(by_name) == [*sorted(["水务局", "政数局"]), ""]
    assert by_name["水务局"] == {
        "department": "水务局", "registered": 3, "seen": 2, "accurate": 1, "complete": 1, "zombies": 2,
        "exposed": 0, "known": 2, "unregistered": 0,
    }  # fmt: skip
    assert by_name["政数局"] == {
        "department": "政数局", "registered": 1, "seen": 1, "accurate": 1, "complete": 1, "zombies": 0,
        "exposed": 1, "known": 1, "unregistered": 0,
    }  # fmt: skip
    assert by_name[""] == {
        "department": "", "registered": 4, "seen": 3, "accurate": 2, "complete": 2, "zombies": 2,
        "exposed": 1, "known": 3, "unregistered": 1,
    }  # fmt: skip


def test_without_a_register_all_is_unregistered() -> None:
    [everyone] = figures([device("10.0.0.9")])
    assert (everyone.registered, everyone.unregistered) == (0, 1)
