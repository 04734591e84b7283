"""Shadow, zombie and drift; a hundred thousand of each side in a second."""

from __future__ import annotations

import time
from collections import Counter

from sentinel.ledger import Asset, Device, Fact
from sentinel.ledger.compare import compare

DAY = 86400.0


def device(
    address: str, mac: str = "", *, lasting: bool = True, last: float = 0.0, trust: int = 80
) -> Device:
    facts = [Fact("mac", mac, "arp", trust, last, last)] if mac else []
    return Device("", address, 0.0, last, lasting, facts)


def found(devices: list[Device], assets: list[Asset]) -> list[tuple[str, str]]:
    return [(one.kind, one.address) for one in compare(devices, assets, now=100 * DAY, unseen=30 * DAY)]


def test_seen_and_lasting_without_a_register_is_a_shadow() -> None:
    assert found([device("10.0.0.1"), device("10.0.0.2", lasting=False)], []) == [("shadow", "10.0.0.1")]


def test_registered_and_unseen_for_so_long_is_a_zombie() -> None:
    assets = [Asset("局", str(number), (("", f"10.0.0.{number}"),)) for number in (1, 2, 3)]
    seen = [device("10.0.0.1", last=71 * DAY), device("10.0.0.2", last=69 * DAY)]
    assert found(seen, assets) == [("zombie", "10.0.0.2"), ("zombie", "10.0.0.3")]


def test_another_mac_is_drift_where_the_source_can_be_believed() -> None:
    assets = [Asset("局", "x", (("", "10.0.0.1"),), mac="00:1b:21:00:00:01")]
    last = 99 * DAY
    assert found([device("10.0.0.1", "00:1b:21:00:00:02", last=last)], assets) == [("drift", "10.0.0.1")]
    assert found([device("10.0.0.1", "00:1b:21:00:00:02", last=last, trust=40)], assets) == []
    assert found([device("10.0.0.1", "00:1b:21:00:00:01", last=last)], assets) == []


def test_a_hundred_thousand_are_compared_in_a_second() -> None:
    devices = [device(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}") for n in range(100_000)]
    assets = [Asset("局", "x", (("", f"11.{n >> 16}.{n >> 8 & 255}.{n & 255}"),)) for n in range(100_000)]
    began = time.process_time()
    counts = Counter(kind for kind, _ in found(devices, assets))
    assert time.process_time() - began <= 1
    assert counts == {"shadow": 100_000, "zombie": 100_000}
