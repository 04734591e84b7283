"""Events become devices of zones; only what is declared ours; a flood pushes out only itself."""

from __future__ import annotations

from typing import Any

from sentinel.event import Arp, Conn, Http
from sentinel.ledger import Ledger, LedgerSettings
from sentinel.ledger.seen import Seen
from sentinel.ledger.sight import Sight


def conn(**fields: Any) -> Conn:
    usual = {
        "ts": 10.0,
        "uid": "C1",
        "orig_h": "59.192.0.5",
        "orig_p": 1,
        "resp_h": "59.192.0.9",
        "resp_p": 80,
    }
    return Conn(**{**usual, "proto": "tcp", "conn_state": "SF", "orig_pkts": 3, "resp_pkts": 3, **fields})


def http(**fields: Any) -> Http:
    usual = {
        "ts": 9.0,
        "uid": "C1",
        "orig_h": "59.192.0.5",
        "orig_p": 1,
        "resp_h": "59.192.0.9",
        "resp_p": 80,
    }
    return Http(**{**usual, "trans_depth": 1, "request_body_len": 0, "response_body_len": 0, **fields})


def test_ours_is_what_the_configuration_declares_and_nothing_else() -> None:
    ledger = Ledger(LedgerSettings(), ["59.192.0.0/16"])
    ledger.take([conn(), conn(resp_h="10.0.0.1"), conn(resp_h="59.192.255.255"), conn(resp_h="224.0.0.251")])
    assert sorted(device.address for device in ledger.seen) == ["59.192.0.5", "59.192.0.9"]


def test_the_same_address_in_two_zones_is_two_devices() -> None:
    ledger = Ledger(LedgerSettings(), ["59.192.0.0/16"])
    ledger.take([http(server="nginx", zone="public"), http(uid="C2", server="IIS", zone="private")])
    for zone, server in (("public", "nginx"), ("private", "IIS")):
        device = ledger.seen.find((zone, "59.192.0.9"))
        assert device is not None
        assert [fact.value for fact in device.of("software")] == [server]


def test_a_fact_keeps_its_source_confidence_and_times() -> None:
    ledger = Ledger(LedgerSettings(), ["59.192.0.0/16"])
    for ts in (5.0, 50.0):
        ledger.take(
            [
                Arp(
                    ts=ts,
                    operation="reply",
                    sender_mac="00:1b:21:00:00:01",
                    sender_ip="59.192.0.5",
                    target_mac="ff:ff:ff:ff:ff:ff",
                    target_ip="59.192.0.1",
                )
            ]
        )
    device = ledger.seen.find(("", "59.192.0.5"))
    assert device is not None
    fact, vendor = device.facts
    assert (fact.field, fact.source, fact.confidence) == ("mac", "arp", 80)
    assert (vendor.field, vendor.source, vendor.value) == ("vendor", "oui", "Intel Corporate")
    assert (fact.first_seen, fact.last_seen) == (5.0, 50.0)


def test_a_flood_of_forged_addresses_pushes_out_neither_who_shook_hands_nor_who_is_registered() -> None:
    seen = Seen(100, 16, 60.0, registered=lambda key: key[1] == "10.0.0.1")
    seen.take(Sight(0.0, "10.0.0.1", "arp"))
    for number in range(10):
        seen.take(Sight(0.0, f"10.0.1.{number}", "conn", shaken=True))
    for number in range(5000):
        seen.take(Sight(1.0, f"10.9.{number // 250}.{number % 250}", "arp"))
    assert len(seen) == 100
    assert seen.evicted == 4911
    kept = {device.address for device in seen}
    assert {"10.0.0.1", *(f"10.0.1.{number}" for number in range(10))} <= kept


def test_facts_of_one_device_are_bounded_the_stalest_gives_way() -> None:
    seen = Seen(100, 8, 60.0)
    for number in range(50):
        seen.take(Sight(float(number), "10.0.0.1", "http", "agent", f"agent {number}", 30))
    device = seen.find(("", "10.0.0.1"))
    assert device is not None
    assert [fact.value for fact in device.facts] == [f"agent {number}" for number in range(42, 50)]


def test_changes_are_given_out_once_and_again_after_a_failure() -> None:
    seen = Seen(2, 8, 60.0)
    for number in range(3):
        seen.take(Sight(0.0, f"10.0.0.{number}", "arp"))
    changed, gone = seen.changes()
    assert ([device.address for device in changed], gone) == (["10.0.0.1", "10.0.0.2"], [("", "10.0.0.0")])
    assert seen.changes() == ([], [])
    seen.put_back(changed, gone)
    assert seen.changes() == (changed, gone)
