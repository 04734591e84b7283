"""The whole way of a packet, on the demonstration capture and on packets made here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from scapy.contrib.erspan import ERSPAN_II
from scapy.contrib.geneve import GENEVE
from scapy.contrib.gtp import GTP_U_Header
from scapy.contrib.mpls import MPLS
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, GRE, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw
from scapy.utils import wrpcap

from sentinel.capture.batch import Batch
from sentinel.capture.file import open_capture
from sentinel.config import default_config
from sentinel.event import Alert, Event
from sentinel.flow.record import Shedding
from sentinel.flow.settings import FlowSettings, ZoneSettings
from sentinel.pipeline import Pipeline
from sentinel.rule import RuleSet
from sentinel.statistics import Statistics

ROOT = Path(__file__).parents[1]
ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
QUERY = DNS(id=7, qd=DNSQR(qname="example.org"))


def replay(
    path: Path,
    batch_frames: int = 4096,
    *,
    flow: FlowSettings | None = None,
    shedding: Shedding = Shedding.NONE,
    fingerprint: bool = False,
) -> tuple[list[bytes], list[Alert], Statistics]:
    """Encoded events (kind first), alerts, and what was counted."""
    config = default_config(ROOT)
    if flow is not None:
        config = replace(config, flow=flow)
    lines: list[bytes] = []
    alerts: list[Alert] = []

    def take(events: list[Event]) -> None:
        lines.extend(event.kind.encode() + b" " + msgspec.json.encode(event) for event in events)

    rules = RuleSet.load(config.rule, config.root)
    pipeline = Pipeline(config, rules, alerts.extend, take, fingerprint=fingerprint)
    pipeline.shed(shedding)
    with open_capture(path, batch_frames=batch_frames) as capture:
        for batch in capture:
            pipeline.process(batch)
            batch.release()
    pipeline.finish()
    return lines, alerts, pipeline.statistics()


@pytest.fixture(scope="module")
def demo() -> tuple[list[bytes], list[Alert], Statistics]:
    return replay(ROOT / "demo" / "demo.pcap")


def test_demo_shows_every_attack(demo: Any) -> None:
    _, alerts, _ = demo
    categories = {alert.category for alert in alerts}
    assert {"NASCAN", "NAEXPLOIT", "NABACKIMPL", "MPMINER"} <= categories
    assert len({alert.rule_id for alert in alerts}) >= 10
    assert all(alert.src and alert.dst and alert.title for alert in alerts)
    assert [alert.ts for alert in alerts] == sorted(alert.ts for alert in alerts)


def test_accounts_add_up(demo: Any) -> None:
    lines, alerts, statistics = demo
    assert statistics.packets.balanced()
    assert statistics.packets.received == statistics.packets.processed > 200
    assert sum(statistics.events.values()) == len(lines)
    assert sum(statistics.alerts.values()) == sum(statistics.alerts_by_rule.values()) == len(alerts)
    assert statistics.flows_active == 0
    assert statistics.flows_total == statistics.events["conn"]


def test_under_load_connections_are_told_and_not_read(demo: Any) -> None:
    _, alerts, statistics = replay(ROOT / "demo" / "demo.pcap", shedding=Shedding.ALL)
    assert statistics.packets.balanced()
    assert 0 < statistics.packets.shed < statistics.packets.received
    assert statistics.packets.shed + statistics.packets.processed == demo[2].packets.processed
    assert statistics.events["conn"] == demo[2].events["conn"]
    assert not {"http", "dns", "ssl"} & statistics.events.keys()
    assert {alert.kind for alert in alerts} <= {"conn", "arp"}


def test_how_our_hosts_open_connections_is_told_where_it_is_asked_for(demo: Any) -> None:
    assert "tcp_syn" not in demo[2].events
    flow = FlowSettings(local_networks=("0.0.0.0/0",))
    lines, _, statistics = replay(ROOT / "demo" / "demo.pcap", flow=flow, fingerprint=True)
    told = [msgspec.json.decode(line.partition(b" ")[2]) for line in lines if line.startswith(b"tcp_syn ")]
    assert len(told) == statistics.events["tcp_syn"] > 0
    assert {event["host"] for event in told} <= {
        msgspec.json.decode(line.partition(b" ")[2])["id.orig_h"]
        for line in lines
        if line.startswith(b"conn ")
    }


def test_a_packet_nested_too_deep_is_no_processed_one(tmp_path: Path) -> None:
    inside = UDP(sport=40000, dport=53)
    deep = ETHER
    for depth in range(6):
        deep = deep / IP(src=f"192.0.2.{depth}", dst="198.51.100.1")
    wrpcap(
        str(tmp_path / "deep.pcap"), [deep / inside, ETHER / IP(src="192.0.2.1", dst="198.51.100.1") / inside]
    )
    _, _, statistics = replay(tmp_path / "deep.pcap")
    assert statistics.packets.balanced() and statistics.packets.processed == 1
    assert statistics.packets.undecodable["too_deep"] == 1


def test_same_packets_same_bytes(demo: Any) -> None:
    lines, alerts, _ = replay(ROOT / "demo" / "demo.pcap")
    assert lines == demo[0]
    assert alerts == demo[1]


def test_batches_change_no_event(demo: Any) -> None:
    lines, alerts, _ = replay(ROOT / "demo" / "demo.pcap", batch_frames=7)
    assert sorted(lines) == sorted(demo[0])
    assert sorted(alert.id for alert in alerts) == sorted(alert.id for alert in demo[1])


def test_injected_answer_is_weird_and_an_alert(tmp_path: Path) -> None:
    up = {"sport": 40000, "dport": 80}
    down = {"sport": 80, "dport": 40000}
    client, server = IP(src="192.0.2.1", dst="192.0.2.2"), IP(src="192.0.2.2", dst="192.0.2.1")
    request = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
    forged = b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\n\r\n"
    genuine = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100
    wrpcap(
        str(tmp_path / "injected.pcap"),
        [
            ETHER / client / TCP(**up, flags="S", seq=1),
            ETHER / server / TCP(**down, flags="SA", seq=9, ack=2),
            ETHER / client / TCP(**up, flags="PA", seq=2, ack=10) / Raw(request),
            ETHER / server / TCP(**down, flags="PA", seq=10, ack=2 + len(request)) / Raw(forged),
            ETHER / server / TCP(**down, flags="PA", seq=10, ack=2 + len(request)) / Raw(genuine),
        ],
    )
    lines, alerts, _ = replay(tmp_path / "injected.pcap")
    assert any(line.startswith(b"weird ") and b"rexmit_inconsistency" in line for line in lines)
    assert [alert.kind for alert in alerts] == ["weird"]
    assert any(b'"status_code":302' in line for line in lines)  # the first bytes win


def test_tunnelled_flow_names_its_parent(tmp_path: Path) -> None:
    carrier = ETHER / IP(src="192.0.2.1", dst="192.0.2.2") / GRE()
    inner = IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=1, dport=2) / Raw(b"x")
    wrpcap(str(tmp_path / "gre.pcap"), [carrier / inner] * 3)
    lines, _, _ = replay(tmp_path / "gre.pcap")
    records = [(line.split(b" ", 1)[0], msgspec.json.decode(line.split(b" ", 1)[1])) for line in lines]
    (tunnel,) = [record for kind, record in records if kind == b"tunnel"]
    (conn,) = [record for kind, record in records if kind == b"conn"]
    assert (tunnel["tunnel_type"], tunnel["action"]) == ("Tunnel::GRE", "Tunnel::DISCOVER")
    assert conn["tunnel_parents"] == [tunnel["uid"]]
    assert conn["orig_pkts"] == 3


def test_every_tunnel_is_told_and_what_it_carries_is_read(tmp_path: Path) -> None:
    def inside(port: int) -> Any:
        return IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=port, dport=53) / QUERY

    inside6 = IPv6(src="2001:db8::1", dst="2001:db8::2") / UDP(sport=5000, dport=53) / QUERY
    carriers = {
        "Tunnel::GRE": GRE() / inside(0),
        "Tunnel::VXLAN": UDP(sport=9, dport=4789) / VXLAN(vni=7, flags=8) / ETHER / inside(1),
        "Tunnel::GENEVE": UDP(sport=9, dport=6081) / GENEVE(vni=7) / ETHER / inside(2),
        "Tunnel::IP": inside(3),
        "Tunnel::GTPv1": UDP(sport=2152, dport=2152) / GTP_U_Header(teid=7) / inside(4),
        "Tunnel::TEREDO": UDP(sport=9, dport=3544) / inside6,
        "Tunnel::GRE ERSPAN": GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II() / ETHER / inside(5),
    }
    packets = [
        ETHER / IP(src=f"192.0.2.{number}", dst="198.51.100.1") / carrier
        for number, carrier in enumerate(carriers.values(), 1)
    ]
    wrpcap(str(tmp_path / "tunnels.pcap"), packets)
    lines, _, statistics = replay(tmp_path / "tunnels.pcap")
    told = {
        event["id.orig_h"]: (event["tunnel_type"], event["uid"])
        for event in (msgspec.json.decode(line[7:]) for line in lines if line.startswith(b"tunnel "))
        if event["action"] == "Tunnel::DISCOVER"
    }
    assert [told[f"192.0.2.{n}"][0] for n in range(1, 8)] == [name.split()[0] for name in carriers]
    assert statistics.events["dns"] == 7
    parents = {
        parent
        for line in lines
        if line.startswith(b"conn ")
        for parent in msgspec.json.decode(line[5:]).get("tunnel_parents", ())
    }
    assert parents == {uid for _, uid in told.values()}


@pytest.mark.parametrize("batch_frames", [1, 4096])
def test_a_needle_is_found_across_segments_and_in_a_flow_that_no_protocol_reads(
    tmp_path: Path, batch_frames: int
) -> None:
    up = {"sport": 40000, "dport": 9999}
    client, server = IP(src="192.0.2.1", dst="192.0.2.2"), IP(src="192.0.2.2", dst="192.0.2.1")
    opening = [
        ETHER / client / TCP(**up, flags="PA", seq=1 + 4 * k) / Raw(b"\x00\x01\x02\x03") for k in range(20)
    ]
    said = [
        ETHER / client / TCP(**up, flags="PA", seq=81) / Raw(b'{"id": 1, "method": "mining.sub'),
        ETHER / server / TCP(sport=9999, dport=40000, flags="A", seq=1, ack=81),
        ETHER / client / TCP(**up, flags="PA", seq=112) / Raw(b'scribe", "params": []}\n'),
    ]
    wrpcap(str(tmp_path / "split.pcap"), [*opening, *said])
    _, alerts, _ = replay(tmp_path / "split.pcap", batch_frames)
    assert [(alert.kind, alert.src, alert.dst_port) for alert in alerts] == [("payload", "192.0.2.1", 9999)]
    assert "mining.subscribe" in alerts[0].fields["payload"]


@pytest.mark.parametrize("batch_frames", [3, 4096])
def test_nothing_of_a_connection_is_lost_before_its_protocol_is_known(
    tmp_path: Path, batch_frames: int
) -> None:
    """An answer far longer than the inspection depth, all in one batch, and the request behind it."""
    up, down = {"sport": 40000, "dport": 80}, {"sport": 80, "dport": 40000}
    client, server = IP(src="192.0.2.1", dst="192.0.2.2"), IP(src="192.0.2.2", dst="192.0.2.1")
    ask = b"GET /%s HTTP/1.1\r\nHost: h\r\n\r\n"
    body = b"x" * 40_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n" + body
    frames = [
        ETHER / client / TCP(**up, flags="S", seq=0),
        ETHER / server / TCP(**down, flags="SA", seq=0, ack=1),
    ]
    seq, ack = 1, 1
    for name in (b"first", b"second"):
        request = ask % name
        frames.append(ETHER / client / TCP(**up, flags="PA", seq=seq, ack=ack) / Raw(request))
        seq += len(request)
        for at in range(0, len(answer), 1400):
            piece = answer[at : at + 1400]
            frames.append(ETHER / server / TCP(**down, flags="A", seq=ack, ack=seq) / Raw(piece))
            ack += len(piece)
    wrpcap(str(tmp_path / "long.pcap"), frames)
    lines, _, _ = replay(tmp_path / "long.pcap", batch_frames)
    pairs = [msgspec.json.decode(line[5:]) for line in lines if line.startswith(b"http ")]
    assert [(pair["uri"], pair["status_code"], pair["response_body_len"]) for pair in pairs] == [
        ("/first", 200, 40_000),
        ("/second", 200, 40_000),
    ]


def test_arp_belongs_to_its_zone(tmp_path: Path) -> None:
    ask = ARP(op=1, hwsrc="02:00:00:00:00:01", psrc="10.0.0.1", pdst="10.0.0.2")
    wrpcap(str(tmp_path / "arp.pcap"), [ETHER / Dot1Q(vlan=10) / ask, ETHER / ask])
    zones = (ZoneSettings("health", vlans=(10,)),)
    lines, _, _ = replay(tmp_path / "arp.pcap", flow=FlowSettings(zones=zones))
    asked = [msgspec.json.decode(line[4:]) for line in lines if line.startswith(b"arp ")]
    assert [(event.get("vlan"), event.get("zone")) for event in asked] == [(10, "health"), (None, None)]


def test_overlapping_addresses_of_two_vpns_are_two_hosts_in_every_event(tmp_path: Path) -> None:
    """Two departments use the same addresses and ports, in two networks of one carrier and behind two labels."""
    client, server = IP(src="10.0.0.1", dst="10.0.0.2"), IP(src="10.0.0.2", dst="10.0.0.1")
    up, down = {"sport": 40000, "dport": 80}, {"sport": 80, "dport": 40000}

    def talk(name: bytes) -> list[Any]:
        ask = b"GET /%s?id=1%%20union%%20select%%201,2 HTTP/1.1\r\nHost: a.example\r\n\r\n" % name
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        return [
            client / TCP(**up, flags="S", seq=0),
            server / TCP(**down, flags="SA", seq=0, ack=1),
            client / TCP(**up, flags="PA", seq=1, ack=1) / Raw(ask),
            server / TCP(**down, flags="PA", seq=1, ack=1 + len(ask)) / Raw(answer),
            client / TCP(**up, flags="R", seq=1 + len(ask)),  # not acknowledged: a `weird` of it may follow
        ]

    carrier = ETHER / IP(src="192.0.2.1", dst="192.0.2.2") / UDP(sport=9, dport=4789)
    health, police = talk(b"health"), talk(b"police")
    frames = []
    for place in range(len(health)):
        frames.append(carrier / VXLAN(vni=5001, flags=8) / ETHER / health[place])
        label = 3001 if health[place][IP].src == "10.0.0.1" else 3002  # each router chooses its own
        frames.append(ETHER / MPLS(label=label, s=1) / police[place])
    wrpcap(str(tmp_path / "vpn.pcap"), frames)
    zones = (ZoneSettings("health", vnis=(5001,)), ZoneSettings("police", labels=(3001, 3002)))
    lines, alerts, _ = replay(tmp_path / "vpn.pcap", flow=FlowSettings(zones=zones))
    events = [(kind, msgspec.json.decode(rest)) for kind, _, rest in (line.partition(b" ") for line in lines)]
    inside = [(kind, event) for kind, event in events if event.get("id.resp_h") == "10.0.0.2"]
    assert {event.get("zone") for _, event in inside} == {"health", "police"}
    asked = {event["zone"]: event["uri"].partition("?")[0] for kind, event in inside if kind == b"http"}
    assert asked == {"health": "/health", "police": "/police"}
    conns = {event["zone"]: event["resp_pkts"] for kind, event in inside if kind == b"conn"}
    assert conns == {"health": 2, "police": 2}
    assert [event["vpn"] for kind, event in events if kind == b"tunnel" and "vpn" in event] == ["vni 5001"]
    assert {alert.zone for alert in alerts if alert.src == "10.0.0.1"} == {"health", "police"}


def test_a_flow_can_become_a_tunnel(tmp_path: Path) -> None:
    outer = ETHER / IP(src="192.0.2.1", dst="192.0.2.2") / UDP(sport=3797, dport=32900)
    inner = IPv6(src="2001:0:4137:9e50:8000:f12a:b9c8:2815", dst="2001:db8::68") / UDP(sport=5000, dport=5001)
    frames = [outer / Raw(b"hello"), outer / inner / Raw(b"inside"), outer / inner / Raw(b"again")]
    wrpcap(str(tmp_path / "late.pcap"), frames)
    lines, _, _ = replay(tmp_path / "late.pcap")
    kinds = [(kind, msgspec.json.decode(rest)) for kind, _, rest in (line.partition(b" ") for line in lines)]
    (carrier,) = [conn for kind, conn in kinds if kind == b"conn" and conn["id.resp_p"] == 32900]
    (carried,) = [conn for kind, conn in kinds if kind == b"conn" and conn["id.resp_p"] == 5001]
    assert (carrier["service"], carried["tunnel_parents"]) == ("teredo", [carrier["uid"]])
    assert [event["action"] for kind, event in kinds if kind == b"tunnel"] == [
        "Tunnel::DISCOVER",
        "Tunnel::CLOSE",
    ]


def test_who_speaks_from_a_tunnel_port_is_the_server(tmp_path: Path) -> None:
    told = ETHER / IP(src="198.51.100.1", dst="10.0.0.1") / UDP(sport=3544, dport=50000) / Raw(b"bubble")
    wrpcap(str(tmp_path / "teredo.pcap"), [told])
    lines, _, _ = replay(tmp_path / "teredo.pcap")
    (conn,) = [msgspec.json.decode(line[5:]) for line in lines if line.startswith(b"conn ")]
    assert (conn["id.orig_h"], conn["id.resp_p"], conn["history"]) == ("10.0.0.1", 3544, "^d")


def test_many_flows_that_end_at_once_are_handed_over_in_parts() -> None:
    """A flood's end costs neither the memory nor the frame of a million events."""
    count = 60_000
    frame = bytes(ETHER / IP(src="10.0.0.1", dst="192.0.2.1") / UDP(sport=1, dport=40_000))
    frames = np.tile(np.frombuffer(frame, np.uint8), (count, 1))
    frames[:, 34], frames[:, 35] = np.arange(count) >> 8, np.arange(count) & 255
    batch = Batch(
        data=frames.reshape(-1),
        offset=np.arange(count, dtype=np.int64) * len(frame),
        caplen=np.full(count, len(frame), np.int32),
        wirelen=np.full(count, len(frame), np.int32),
        ts=np.full(count, 10**18, np.int64),
        linktype=np.ones(count, np.uint16),
        vlan=np.full(count, -1, np.int32),
    )
    parts: list[int] = []
    pipeline = Pipeline(default_config(ROOT), None, lambda _: None, lambda events: parts.append(len(events)))
    pipeline.process(batch)
    pipeline.finish()
    assert sum(parts) == count
    assert max(parts) <= 2 * 16384
