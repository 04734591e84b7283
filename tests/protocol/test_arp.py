from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scapy.layers.l2 import ARP

from sentinel.decode.packet import PACKET
from sentinel.event import Arp
from sentinel.protocol.arp import arp_event

MAC = "02:00:00:00:00:01"


def event(packet: Any, eth_src: str = MAC, vlan: int = -1, at: int = 14) -> Arp | None:
    data = np.frombuffer(bytes(at) + bytes(packet), np.uint8)
    row = np.zeros(1, PACKET)[0]
    row["ts"], row["network"], row["vlan"] = 1_500_000_000, at, vlan
    row["eth_src"] = int(eth_src.replace(":", ""), 16)
    return arp_event(row, data, zone="village")


def test_request() -> None:
    packet = ARP(op=1, hwsrc=MAC, psrc="10.0.0.1", hwdst="00:00:00:00:00:00", pdst="10.0.0.2")
    assert event(packet, vlan=20) == Arp(
        ts=1.5,
        operation="request",
        sender_mac=MAC,
        sender_ip="10.0.0.1",
        target_mac="00:00:00:00:00:00",
        target_ip="10.0.0.2",
        vlan=20,
        zone="village",
    )


@pytest.mark.parametrize(
    ("operation", "target", "name"),
    [
        (2, "10.0.0.2", "reply"),
        (1, "10.0.0.1", "gratuitous"),
        (2, "10.0.0.1", "gratuitous"),
        (9, "10.0.0.1", "9"),
    ],
)
def test_operations(operation: int, target: str, name: str) -> None:
    told = event(ARP(op=operation, hwsrc=MAC, psrc="10.0.0.1", pdst=target))
    assert told is not None
    assert told.operation == name


def test_a_frame_from_another_than_the_sender_shows() -> None:
    packet = ARP(op=2, hwsrc=MAC, psrc="10.0.0.1", pdst="10.0.0.2")
    honest, forged = event(packet), event(packet, eth_src="02:00:00:00:00:99")
    assert honest is not None and honest.eth_src is None
    assert forged is not None and forged.eth_src == "02:00:00:00:00:99"


def test_a_packet_cut_short_is_nothing() -> None:
    assert event(b"\x00\x01\x08\x00\x06\x04\x00\x01") is None
    assert event(ARP(), at=0) is not None
