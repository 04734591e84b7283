"""ARP."""

from __future__ import annotations

from sentinel.detect.arp import ArpWatch
from sentinel.detect.settings import ArpSettings
from sentinel.event import Arp

from .conftest import detector, feed, notes

GATEWAY, VICTIM = "10.0.0.1", "10.0.0.7"
ROUTER, ATTACKER, CLIENT = "02:00:00:00:00:01", "02:00:00:00:00:66", "02:00:00:00:00:07"


def arp(ts: float, operation: str, mac: str, sender: str, target: str) -> Arp:
    return Arp(
        ts=ts,
        operation=operation,
        sender_mac=mac,
        sender_ip=sender,
        target_mac="00:00:00:00:00:00",
        target_ip=target,
    )


def asked(ts: float) -> list[Arp]:
    """The client asks for the gateway, and the gateway answers."""
    return [arp(ts, "request", CLIENT, VICTIM, GATEWAY), arp(ts + 0.1, "reply", ROUTER, GATEWAY, VICTIM)]


def test_an_address_that_goes_to_and_fro() -> None:
    events = [
        event
        for number in range(5)
        for event in (*asked(number * 20.0), arp(number * 20 + 5, "reply", ATTACKER, GATEWAY, VICTIM))
    ]
    found = feed(detector(ArpWatch), events)
    assert notes(found)[:2] == ["ARP::Address_Conflict", "ARP::Spoofing"]
    assert len(found) == 2
    assert found[1].src == GATEWAY and ATTACKER in (found[1].sub or "")


def test_answers_to_no_question() -> None:
    found = feed(
        detector(ArpWatch), [arp(number, "reply", ATTACKER, GATEWAY, VICTIM) for number in range(20)]
    )
    assert notes(found) == ["ARP::Unsolicited_Replies"]
    assert not feed(detector(ArpWatch), [event for number in range(20) for event in asked(number * 10.0)])


def test_a_gateway_that_moves() -> None:
    settings = ArpSettings(gateways=(GATEWAY,))
    events = [
        arp(0, "gratuitous", ROUTER, GATEWAY, GATEWAY),
        arp(9999, "gratuitous", ATTACKER, GATEWAY, GATEWAY),
    ]
    assert notes(feed(detector(ArpWatch, arp=settings), events)) == ["ARP::Gateway_Changed"]
    vrrp = [
        arp(0, "gratuitous", ROUTER, GATEWAY, GATEWAY),
        arp(9, "gratuitous", "00:00:5e:00:01:05", GATEWAY, GATEWAY),
    ]
    assert not feed(detector(ArpWatch, arp=settings), vrrp)


def test_an_address_given_to_another_machine_later_is_no_conflict() -> None:
    events = [arp(0, "gratuitous", CLIENT, VICTIM, VICTIM), arp(3600, "gratuitous", ATTACKER, VICTIM, VICTIM)]
    assert not feed(detector(ArpWatch), events)


def test_a_sweep() -> None:
    events = [arp(number / 10, "request", CLIENT, VICTIM, f"10.0.0.{number}") for number in range(200)]
    [notice] = feed(detector(ArpWatch), events)
    assert (notice.note, notice.n, notice.src) == ("ARP::Sweep", 60, VICTIM)
    assert not feed(detector(ArpWatch, arp=ArpSettings(gateways=(VICTIM,))), events)
