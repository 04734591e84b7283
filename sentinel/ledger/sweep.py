"""Active discovery: which addresses may be asked, and a sweep over them in small rounds, as long as it is allowed."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from sentinel.hours import Hours
from sentinel.ledger.fault import LedgerError
from sentinel.ledger.settings import SweepSettings
from sentinel.ledger.sight import Sight, of_mac
from sentinel.network import Networks
from sentinel.text import Message

__all__ = ["Answer", "Prober", "may_sweep", "sights_of", "sweep", "targets"]

_MOST = 1 << 16
"""Addresses in one sweep."""
_ROUND = 64
"""Addresses asked before it is looked whether the sweep is still allowed."""


class Answer(NamedTuple):
    """One host that answered."""

    ts: float
    address: str
    mac: str | None
    """Of a neighbour; None behind a router."""
    ports: tuple[int, ...]
    """TCP ports that it opens."""


class Prober(Protocol):
    """Asks on the wire, never faster than it was told to."""

    def find(self, addresses: Sequence[str]) -> Mapping[str, str | None]:
        """Who answers ARP or an echo request, with the MAC address where it is a neighbour."""

    def open_ports(self, addresses: Sequence[str], ports: Sequence[int]) -> Mapping[str, Sequence[int]]:
        """Which of these ports each of these hosts opens."""


def may_sweep(settings: SweepSettings, person: str, now: datetime) -> None:
    """Raises LedgerError where a sweep is not allowed: off, in the name of somebody else, outside the hours."""
    if not settings.enabled:
        raise LedgerError(Message("asset.sweep.off"))
    if person not in settings.persons:
        raise LedgerError(
            Message("asset.sweep.person", person=person, persons=", ".join(settings.persons) or "-")
        )
    if not in_hours(settings, now):
        raise LedgerError(Message("asset.sweep.hours", hours=settings.hours))


def in_hours(settings: SweepSettings, now: datetime) -> bool:
    """Whether the hours hold at `now` (by the clock of the place)."""
    hours = Hours.read(settings.hours)
    return hours is None or hours.hold(now)


def targets(settings: SweepSettings, chosen: Sequence[str] = ()) -> list[str]:
    """The addresses of the chosen ranges, or of all that are declared. Raises LedgerError where one is not declared."""
    declared = [ipaddress.ip_network(one) for one in settings.ranges]
    found: dict[str, None] = {}
    left_alone = Networks.plain(settings.exclude)
    for written in chosen or settings.ranges:
        try:
            network = ipaddress.ip_network(written, strict=False)
        except ValueError:
            raise LedgerError(Message("asset.sweep.range", range=written)) from None
        if not isinstance(network, ipaddress.IPv4Network):
            raise LedgerError(Message("asset.sweep.only-ipv4", range=written))
        if not any(isinstance(one, ipaddress.IPv4Network) and network.subnet_of(one) for one in declared):
            raise LedgerError(Message("asset.sweep.not-declared", range=written))
        if network.num_addresses + len(found) > _MOST + 2:
            raise LedgerError(Message("asset.sweep.too-many", most=_MOST))
        found.update((str(address), None) for address in network.hosts())
    wanted = [address for address in found if not left_alone.hold(address)]
    if not wanted:
        raise LedgerError(Message("asset.sweep.nothing"))
    return wanted


def sweep(
    addresses: Sequence[str], ports: Sequence[int], prober: Prober, clock: Callable[[], float]
) -> Iterator[list[Answer]]:
    """Ask in rounds, each of which gives those that answered; whoever takes no further round ends the sweep."""
    for begin in range(0, len(addresses), _ROUND):
        found = prober.find(addresses[begin : begin + _ROUND])
        opened = prober.open_ports(list(found), ports) if found and ports else {}
        now = clock()
        yield [
            Answer(now, address, mac, tuple(sorted(opened.get(address, ()))))
            for address, mac in found.items()
        ]


def sights_of(answer: Answer, zone: str) -> Iterator[Sight]:
    """An answer as evidence: whoever answers a question is no forged address."""
    ts, address, mac, ports = answer
    yield Sight(ts, address, "scan", zone=zone, shaken=True)
    if mac:
        yield from of_mac(Sight(ts, address, "scan", "mac", confidence=85, zone=zone, shaken=True), mac)
    for port in ports:
        yield Sight(ts, address, "scan", "service", f"{port}/tcp", 85, zone=zone, shaken=True)
