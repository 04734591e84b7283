"""Questions on the wire, with scapy: ARP to neighbours, ICMP echoes through routers, TCP SYN packets to ports.

A SYN that is answered is reset by our own kernel, which knows of no such connection: nothing is left half open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sentinel.ledger.fault import LedgerError
from sentinel.text import Message

__all__ = ["WireProber"]

_BROADCAST = "ff:ff:ff:ff:ff:ff"
_SYN_ACK = 0x12


class _Way(NamedTuple):
    """How an address is reached."""

    interface: str
    gateway: str
    """Empty for a neighbour."""


class WireProber:
    """A `sweep.Prober`. `rate` is packets a second, `wait` seconds for answers after the last one of a round."""

    def __init__(self, rate: float, wait: float) -> None:
        self._pause = 1.0 / rate
        self._wait = wait
        self._macs: dict[str, str] = {}
        """Of neighbours and gateways that answered."""

    def find(self, addresses: Sequence[str]) -> Mapping[str, str | None]:
        found: dict[str, str | None] = {}
        for way, some in self._by_way(addresses).items():
            if way.gateway:
                found |= dict.fromkeys(self._echoes(way, some))
            else:
                found |= self._neighbours(way, some)
        return found

    def open_ports(self, addresses: Sequence[str], ports: Sequence[int]) -> Mapping[str, Sequence[int]]:
        from scapy.layers.inet import IP, TCP
        from scapy.layers.l2 import Ether

        opened: dict[str, list[int]] = {}
        for way, some in self._by_way(addresses).items():
            packets = [
                Ether(dst=mac) / IP(dst=address) / TCP(sport=_source_port(number), dport=port, flags="S")
                for address in some
                if (mac := self._macs.get(way.gateway or address))
                for number, port in enumerate(ports)
            ]
            for question, answer in self._ask(packets, way):
                if answer.haslayer(TCP) and int(answer[TCP].flags) & _SYN_ACK == _SYN_ACK:
                    opened.setdefault(str(question[IP].dst), []).append(int(question[TCP].dport))
        return opened

    def _neighbours(self, way: _Way, addresses: Sequence[str]) -> dict[str, str]:
        from scapy.layers.l2 import ARP, Ether

        questions = [Ether(dst=_BROADCAST) / ARP(pdst=address) for address in addresses]
        found = {
            str(answer[ARP].psrc): str(answer[ARP].hwsrc).lower() for _, answer in self._ask(questions, way)
        }
        self._macs |= found
        return found

    def _echoes(self, way: _Way, addresses: Sequence[str]) -> Iterator[str]:
        from scapy.layers.inet import ICMP, IP
        from scapy.layers.l2 import Ether

        if way.gateway not in self._macs:
            self._neighbours(way, [way.gateway])
        mac = self._macs.get(way.gateway)
        if mac is None:
            return
        questions = [
            Ether(dst=mac) / IP(dst=address) / ICMP(id=number) for number, address in enumerate(addresses)
        ]
        for question, answer in self._ask(questions, way):
            if answer.haslayer(ICMP) and answer[ICMP].type == 0:
                yield str(question[IP].dst)

    def _ask(self, packets: Sequence[Any], way: _Way) -> list[tuple[Any, Any]]:
        from scapy.sendrecv import srp

        if not packets:
            return []
        try:
            answered, _ = srp(
                list(packets), iface=way.interface, inter=self._pause, timeout=self._wait, retry=0, verbose=0
            )
        except OSError as error:
            raise LedgerError(Message("asset.sweep.wire", interface=way.interface, reason=error)) from error
        return [(question, answer) for question, answer in answered]

    def _by_way(self, addresses: Sequence[str]) -> dict[_Way, list[str]]:
        """Addresses by the way that leads to them; those to which none leads, and our own, are left out."""
        from scapy.config import conf
        from scapy.route import Route

        routes = Route()  # as they are now
        ways: dict[_Way, list[str]] = {}
        for address in addresses:
            interface, source, gateway = routes.route(address)
            if interface and interface != conf.loopback_name and source != address:
                way = _Way(str(interface), "" if gateway == "0.0.0.0" else str(gateway))
                ways.setdefault(way, []).append(address)
        return ways


def _source_port(number: int) -> int:
    return 50000 + number % 10000
