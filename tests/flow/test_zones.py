"""Zones by VPN, VLAN and interface."""

from __future__ import annotations

from typing import Any

import numpy as np

from sentinel.decode.packet import PACKET, Vpn
from sentinel.flow.settings import ZoneSettings
from sentinel.flow.zones import Zones

HEALTH = ZoneSettings("health", vlans=(10,), vnis=(5001,), interfaces=("eth1",))
POLICE = ZoneSettings("police", vlans=(20, 0), labels=(3001, 3002), gre_keys=(5001, 0))


def rows(*packets: tuple[int, int]) -> Any:
    """Packets of a VLAN (-1: none) and a column `vpn`."""
    made = np.zeros(len(packets), PACKET)
    made["vlan"], made["vpn"] = zip(*packets, strict=True)
    return made


def names(zones: Zones, packets: Any) -> list[str | None]:
    return [zones.name(number) for number in zones.of(packets).tolist()]


def test_vpn_then_vlan_then_interface() -> None:
    packets = rows(
        (20, Vpn.VNI.column(5001)),
        (20, Vpn.VNI.column(5002)),
        (-1, Vpn.GRE_KEY.column(5001)),
        (-1, Vpn.GRE_KEY.column(0)),
        (30, Vpn.LABEL.column(3002)),
        (10, 0),
        (30, Vpn.GRE_KEY.column(0xFFFFFFFF)),
        (-1, 0),
    )
    told = ["health", "police", "police", "police", "police", "health"]
    assert names(Zones((HEALTH, POLICE)), packets) == [*told, None, None]
    assert names(Zones((HEALTH, POLICE), "eth1"), packets) == [*told, "health", "health"]
    assert names(Zones((HEALTH, POLICE), "eth2"), packets) == [*told, None, None]


def test_without_numbers_all_is_the_interface_s() -> None:
    packets = rows((20, Vpn.VNI.column(5001)), (-1, 0))
    assert names(Zones(()), packets) == [None, None]
    assert names(Zones((ZoneSettings("only", interfaces=("eth1",)),), "eth1"), packets) == ["only", "only"]


def test_no_packets_have_no_zones() -> None:
    assert Zones((HEALTH, POLICE)).of(np.zeros(0, PACKET)).tolist() == []
