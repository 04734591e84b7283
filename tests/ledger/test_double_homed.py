"""One machine in two zones is found from packets, however the zones are told apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, GRE, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN
from scapy.utils import wrpcap

from sentinel.capture.file import open_capture
from sentinel.config import default_config
from sentinel.event import Event
from sentinel.flow.settings import FlowSettings, ZoneSettings
from sentinel.ledger import Asset, Ledger, LedgerSettings, Register, Registered
from sentinel.ledger.compare import Difference, compare
from sentinel.pipeline import Pipeline

ROOT = Path(__file__).parents[2]
MACHINE, OTHER = "00:1b:21:00:00:01", "00:1b:21:00:00:02"
ZONES = (
    ZoneSettings("公用", vlans=(10,), vnis=(5001,), gre_keys=(71,)),
    ZoneSettings("专用", vlans=(20,), vnis=(5002,), gre_keys=(72,)),
)
OUTER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
CARRIER = OUTER / IP(src="192.0.2.1", dst="192.0.2.2")
PUBLIC, PRIVATE = 0, 1
NUMBERS = {"vlans": (10, 20), "vnis": (5001, 5002), "gre_keys": (71, 72)}


def frames(way: str, zone: int, mac: str, address: str) -> list[Any]:
    """A machine says twice, a while apart, which address it has: a single packet proves little."""
    number = NUMBERS[way][zone]
    arp = ARP(op="is-at", hwsrc=mac, psrc=address, hwdst=OTHER, pdst="10.0.0.1")
    inner = Ether(src=mac, dst=OTHER)
    packets = []
    for ts in (1.0, 100.0):
        packet = {
            "vlans": inner / Dot1Q(vlan=number) / arp,
            "vnis": CARRIER / UDP(sport=9, dport=4789) / VXLAN(vni=number, flags=8) / inner / arp,
            "gre_keys": CARRIER / GRE(proto=0x6558, key_present=1, key=number) / inner / arp,
        }[way]
        packet.time = ts
        packets.append(packet)
    return packets


def differences(tmp_path: Path, *packets: Any) -> list[Difference]:
    """What the ledger finds in these packets, in the register of which nobody is."""
    wrpcap(str(tmp_path / "t.pcap"), packets)
    config = replace(default_config(ROOT), flow=FlowSettings(zones=ZONES, local_networks=("10.0.0.0/8",)))
    ledger = Ledger(LedgerSettings(), config.flow.local_networks)
    ledger.register(Register([Registered(1, Asset("局", "网关", (("公用", "10.0.0.1"),)))]))

    def take(events: list[Event]) -> None:
        ledger.take(events)

    pipeline = Pipeline(config, None, lambda alerts: None, take)
    with open_capture(tmp_path / "t.pcap") as capture:
        for batch in capture:
            pipeline.process(batch)
            batch.release()
    pipeline.finish()
    _, found = compare(list(ledger.seen), ledger.registered, LedgerSettings())
    return [one for one in found if one.kind == "double_homed"]


@pytest.mark.parametrize(
    ("first", "second"), [("vlans", "vlans"), ("vlans", "vnis"), ("vnis", "vnis"), ("gre_keys", "gre_keys")]
)
def test_the_same_interface_in_two_zones(tmp_path: Path, first: str, second: str) -> None:
    packets = frames(first, PUBLIC, MACHINE, "10.0.0.5") + frames(second, PRIVATE, MACHINE, "10.9.0.5")
    [found] = differences(tmp_path, *packets)
    assert {f"{found.zone}/{found.address}", found.seen} == {"公用/10.0.0.5", "专用/10.9.0.5"}
    assert found.about == "mac"


def test_the_same_address_of_two_zones_is_two_machines(tmp_path: Path) -> None:
    packets = frames("vnis", PUBLIC, MACHINE, "10.0.0.5") + frames("vlans", PRIVATE, OTHER, "10.0.0.5")
    assert differences(tmp_path, *packets) == []


def test_one_zone_told_by_two_encapsulations_is_one(tmp_path: Path) -> None:
    packets = frames("vlans", PUBLIC, MACHINE, "10.0.0.5") + frames("vnis", PUBLIC, MACHINE, "10.0.0.6")
    assert differences(tmp_path, *packets) == []
