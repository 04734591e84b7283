"""Shadow, zombie, drift, exposed ports, double-homed hosts; a hundred thousand of each side in a second."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from sentinel.command.asset_words import DIFFERENCES
from sentinel.event import KINDS
from sentinel.event import Ledger as LedgerEvent
from sentinel.ledger import Asset, Device, Fact, LedgerSettings, Register, Registered
from sentinel.ledger.compare import compare, newest
from sentinel.ledger.told import Told

DAY = 86400.0
NOW = 100 * DAY
HARDWARE, OTHER, RANDOM, VRRP = (
    "00:1b:21:00:00:01",
    "00:1b:21:00:00:02",
    "da:a1:19:00:00:03",
    "00:00:5e:00:01:0a",
)


def device(
    address: str,
    mac: str = "",
    *facts: Fact,
    zone: str = "",
    lasting: bool = True,
    first: float = 0.0,
    last: float = NOW,
    trust: int = 80,
) -> Device:
    evidence = [Fact("mac", mac, "arp", trust, first, last)] if mac else []
    return Device(zone, address, first, last, lasting, [*evidence, *facts])


def fact(field: str, value: str, source: str = "conn", *, first: float = 0.0, last: float = NOW) -> Fact:
    return Fact(field, value, source, 90, first, last)


def asset(*addresses: str, zone: str = "", **fields: Any) -> Asset:
    return Asset("局", "设备", tuple((zone, address) for address in addresses), **fields)


def register(*assets: Asset, at: float = 0.0) -> Register:
    return Register(Registered(id, one, registered_at=at) for id, one in enumerate(assets, 1))


def found(
    devices: list[Device], *assets: Asset, now: float = NOW, at: float = 0.0, **settings: Any
) -> list[tuple[str, str, str, str]]:
    _, differences = compare(devices, register(*assets, at=at), LedgerSettings(**settings), now=now)
    return [(one.kind, one.about, one.address, one.seen) for one in differences]


def test_seen_and_lasting_without_a_register_is_a_shadow() -> None:
    devices = [device("10.0.0.1", OTHER), device("10.0.0.2", lasting=False)]
    assert found(devices) == [("shadow", "", "10.0.0.1", OTHER)]


def test_a_new_device_has_a_grace_to_be_registered_in_and_an_old_one_is_forgotten() -> None:
    fresh, gone = device("10.0.0.1", first=NOW - 0.9 * DAY), device("10.0.0.2", last=NOW - 31 * DAY)
    assert found([fresh, gone], grace=DAY) == []
    assert found([fresh, gone], grace=0.5 * DAY) == [("shadow", "", "10.0.0.1", "")]


def test_registered_and_unseen_for_so_long_is_a_zombie() -> None:
    seen = [device("10.0.0.1", last=71 * DAY), device("10.0.0.2", last=69 * DAY)]
    assets = [asset("10.0.0.1"), asset("10.0.0.2"), asset("10.0.0.3")]
    assert [one[::2] for one in found(seen, *assets)] == [("zombie", "10.0.0.2"), ("zombie", "10.0.0.3")]


def test_nobody_is_missing_who_was_registered_lately_or_before_the_ledger_watched_for_so_long() -> None:
    assert found([device("10.0.0.9", first=0.0)], asset("10.0.0.1"), asset("10.0.0.9"), at=NOW - DAY) == []
    lately = device("10.0.0.9", first=NOW - DAY)
    assert found([lately], asset("10.0.0.1"), asset("10.0.0.9")) == []


def test_a_capture_gone_blind_makes_no_zombies() -> None:
    devices = [device("10.0.0.1", last=50 * DAY), device("10.0.0.2", last=50 * DAY)]
    assert newest(devices) == 50 * DAY
    assert found(devices, asset("10.0.0.1"), asset("10.0.0.2"), now=newest(devices)) == []


def test_another_mac_is_drift_where_the_source_can_be_believed() -> None:
    ours = asset("10.0.0.1", mac=HARDWARE)
    assert found([device("10.0.0.1", OTHER)], ours) == [("drift", "mac", "10.0.0.1", OTHER)]
    assert found([device("10.0.0.1", OTHER, trust=40)], ours) == []
    assert found([device("10.0.0.1", HARDWARE)], ours) == []
    two = asset("10.0.0.1", "10.0.0.2", mac=HARDWARE)
    assert found([device("10.0.0.1", OTHER), device("10.0.0.2")], two) == []


def test_a_made_up_or_shared_mac_is_no_drift() -> None:
    ours = asset("10.0.0.1", mac=HARDWARE)
    assert found([device("10.0.0.1", RANDOM)], ours) == []
    assert found([device("10.0.0.1", VRRP)], ours) == []
    virtual = asset(
        "10.0.0.1", mac="52:54:00:00:00:01"
    )  # locally administered, yet a virtual machine keeps it
    assert found([device("10.0.0.1", "52:54:00:00:00:02")], virtual) == [
        ("drift", "mac", "10.0.0.1", "52:54:00:00:00:02")
    ]


def test_a_registered_mac_at_another_address_is_the_device_moved_and_no_shadow() -> None:
    moved = [device("10.0.0.1", last=NOW), device("10.0.0.7", HARDWARE)]
    assert found(moved, asset("10.0.0.1", mac=HARDWARE)) == [("drift", "address", "10.0.0.7", "10.0.0.7")]
    twice = [asset("10.0.0.1", mac=HARDWARE), asset("10.0.0.2", mac=HARDWARE)]
    devices = [*moved, device("10.0.0.2")]
    assert found(devices, *twice) == [("shadow", "", "10.0.0.7", HARDWARE)]


def test_a_phone_that_makes_up_macs_is_one_shadow_by_its_name() -> None:
    devices = [
        device(f"10.0.0.{n}", f"da:a1:19:00:00:0{n}", fact("name", "someones-phone", "dhcp"))
        for n in (1, 2, 3)
    ]
    keys = {one.key for one in compare(devices, register(), LedgerSettings(), now=NOW)[1]}
    assert keys == {("shadow", "", "", "someones-phone")}


def test_a_service_that_opens_after_the_first_days_is_drift_of_a_registered_device() -> None:
    old, new = fact("service", "80/tcp http"), fact("service", "8080/tcp http", first=20 * DAY)
    passing = [
        fact("service", "40000/tcp", first=20 * DAY),
        fact("service", "20/tcp ftp-data", first=20 * DAY),
    ]
    server = device("10.0.0.1", "", old, new, *passing)
    assert found([server], asset("10.0.0.1")) == [("drift", "service", "10.0.0.1", "8080/tcp http")]
    assert found([server]) == [("shadow", "", "10.0.0.1", "")]


def test_a_high_risk_port_that_answers_is_exposed_inside_or_outside_until_it_is_silent() -> None:
    facts = [
        fact("service", "445/tcp smb"),
        fact("exposed", "3389/tcp"),
        fact("exposed", "443/tcp"),
        fact("service", "23/tcp", last=60 * DAY),
    ]
    assert found([device("10.0.0.1", "", *facts)], asset("10.0.0.1")) == [
        ("exposed", "inside", "10.0.0.1", "445/tcp"),
        ("exposed", "outside", "10.0.0.1", "3389/tcp"),
    ]
    assert found([device("10.0.0.1", "", *facts)], asset("10.0.0.1"), risky_ports=()) == []


def test_one_machine_in_two_zones_is_double_homed_unless_it_is_registered_so() -> None:
    devices = [device("10.0.0.1", HARDWARE, zone="公用"), device("10.9.0.1", HARDWARE, zone="专用")]
    apart = [asset("10.0.0.1", zone="公用"), asset("10.9.0.1", zone="专用")]
    assert found(devices, *apart) == [("double_homed", "mac", "10.9.0.1", "公用/10.0.0.1")]
    firewall = Asset("局", "防火墙", (("公用", "10.0.0.1"), ("专用", "10.9.0.1")))
    assert found(devices, firewall) == []


def test_names_copied_with_a_disk_image_made_up_macs_and_vrrp_make_nobody_double_homed() -> None:
    for mac, *facts in (
        (RANDOM,),
        (VRRP,),
        ("02:42:ac:11:00:02",),
        ("", fact("name", "PC-20180912", "ntlm")),
        ("", fact("name", "localhost", "dhcp")),
    ):
        devices = [device(f"10.{n}.0.1", mac, *facts, zone=f"z{n}") for n in (1, 2)]
        assert found(devices, *(asset(f"10.{n}.0.1", zone=f"z{n}") for n in (1, 2))) == []
    in_domain = fact("name", "pc7.district.example", "ntlm")
    devices = [device(f"10.{n}.0.1", "", in_domain, zone=f"z{n}") for n in (1, 2)]
    assert ("double_homed", "name", "10.2.0.1", "z1/10.1.0.1") in found(devices)


def test_the_words_of_the_command_the_events_and_the_comparison_are_the_same() -> None:
    assert set(Told(LedgerSettings()).numbers()) == set(DIFFERENCES)
    assert KINDS["ledger"] is LedgerEvent


def test_a_hundred_thousand_are_compared_in_a_second() -> None:
    devices = [device(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}") for n in range(100_000)]
    assets = [asset(f"11.{n >> 16}.{n >> 8 & 255}.{n & 255}") for n in range(100_000)]
    rows = [Registered(id, one) for id, one in enumerate(assets, 1)]
    began = time.process_time()
    counts = Counter(one.kind for one in compare(devices, Register(rows), LedgerSettings())[1])
    assert time.process_time() - began <= 1
    assert counts == {"shadow": 100_000, "zombie": 100_000}
