"""The kernels against scapy: what it builds, they must read."""

from __future__ import annotations

import ipaddress
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scapy.contrib.erspan import ERSPAN_II, ERSPAN_III
from scapy.contrib.geneve import GENEVE
from scapy.contrib.gtp import GTP_U_Header
from scapy.contrib.mpls import MPLS
from scapy.layers.dot11 import Dot11, Dot11QoS, RadioTap
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop
from scapy.layers.l2 import (
    ARP,
    GRE,
    LLC,
    SNAP,
    CookedLinux,
    CookedLinuxV2,
    Dot1AD,
    Dot1Q,
    Dot3,
    Ether,
    Loopback,
)  # fmt: skip
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.sctp import SCTP
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

from sentinel.decode.address import address_text, mac_text
from sentinel.decode.packet import Status, Tunnel

MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
ETHER = Ether(**MACS)
V4 = IP(src="192.0.2.1", dst="198.51.100.2", ttl=61)
V6 = IPv6(src="2001:db8::1", dst="2001:db8::2", hlim=61)
SEGMENT = TCP(sport=40000, dport=443, seq=0xFFFFFFF0, ack=77, flags="PA", window=512)
BODY = Raw(b"payload bytes")
SNAPPED = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0)
SEQUENCED = GRE(proto=0x88BE, seqnum_present=1)
DOT11 = Dot11(type=2, FCfield=1, addr1=MACS["dst"], addr2=MACS["src"], addr3=MACS["dst"])


def addresses(row: Any) -> tuple[str, str]:
    return (
        address_text(int(row["src_hi"]), int(row["src_lo"])),
        address_text(int(row["dst_hi"]), int(row["dst_lo"])),
    )


def payload(packets: Any, row: Any) -> bytes:
    buffer = packets.spill if row["buffer"] else packets.data
    return buffer[row["payload"] : row["payload"] + row["payload_len"]].tobytes()


@pytest.mark.parametrize(
    "network", [V4, IP(src="192.0.2.1", dst="198.51.100.2", ttl=61, options=b"\x94\x04\0\0"), V6]
)
@pytest.mark.parametrize(
    "link",
    [
        ETHER,
        ETHER / Dot1Q(vlan=13),
        ETHER / Dot1AD(vlan=13) / Dot1Q(vlan=10),
        ETHER / Dot1AD(vlan=13) / Dot1Q(vlan=10) / Dot1Q(vlan=5),
        ETHER / MPLS(label=16, s=0) / MPLS(label=17, s=1),
    ],
    ids=["plain", "vlan", "qinq", "three-tags", "mpls"],
)
def test_tcp_over_links(decode: Any, link: Any, network: Any) -> None:
    packets = decode(bytes(link / network / SEGMENT / BODY))
    (row,) = packets.rows
    assert row["status"] == Status.OK
    assert addresses(row) == (network.src, network.dst)
    assert (row["src_port"], row["dst_port"], row["proto"], row["ttl"]) == (40000, 443, 6, 61)
    assert (row["seq"], row["ack"], row["tcp_flags"], row["window"]) == (0xFFFFFFF0, 77, 0x18, 512)
    assert payload(packets, row) == BODY.load
    assert row["payload_wire"] == len(BODY.load)
    assert row["ip_len"] == len(bytes(network / SEGMENT / BODY))
    assert mac_text(int(row["eth_src"])) == MACS["src"]
    tags = [
        layer.vlan for layer in (link.getlayer(Dot1AD), *(link.getlayer(Dot1Q, n) for n in (1, 2))) if layer
    ]
    assert [row["vlan"], row["inner_vlan"]] == (tags + [-1, -1])[:2]


@pytest.mark.parametrize(
    ("frame", "linktype"),
    [
        (CookedLinux() / V4 / SEGMENT / BODY, 113),
        (V4 / SEGMENT / BODY, 101),
        (V6 / SEGMENT / BODY, 101),
        (V4 / SEGMENT / BODY, 228),
        (V6 / SEGMENT / BODY, 229),
        (CookedLinuxV2(proto=0x800) / V4 / SEGMENT / BODY, 276),
        (Loopback(type=2) / V4 / SEGMENT / BODY, 0),
        (Raw(b"\0\0\0\x1e") / V6 / SEGMENT / BODY, 0),
        (Raw(b"\0\0\0\x02") / V4 / SEGMENT / BODY, 108),
        (RadioTap() / DOT11 / SNAPPED / V4 / SEGMENT / BODY, 127),
        (Dot11(type=2, subtype=8, FCfield=1) / Dot11QoS() / SNAPPED / V6 / SEGMENT / BODY, 105),
        (PPP() / V4 / SEGMENT / BODY, 9),
        (ETHER / PPPoE(sessionid=7) / PPP(proto=0x21) / V4 / SEGMENT / BODY, 1),
        (Dot3(**MACS) / SNAPPED / V4 / SEGMENT / BODY, 1),
    ],
    ids=[
        "cooked",
        "raw4",
        "raw6",
        "ipv4",
        "ipv6",
        "cooked2",
        "null",
        "null6",
        "loop",
        "radiotap",
        "802.11",
        "ppp",
        "pppoe",
        "snap",
    ],
)
def test_other_links(decode: Any, frame: Any, linktype: int) -> None:
    packets = decode(bytes(frame), linktype=linktype)
    (row,) = packets.rows
    assert (row["status"], row["src_port"], payload(packets, row)) == (Status.OK, 40000, BODY.load)


@pytest.mark.parametrize(
    ("transport", "proto", "ports"),
    [
        (UDP(sport=53, dport=5353) / BODY, 17, (53, 5353)),
        (SCTP(sport=7, dport=9), 132, (7, 9)),
        (ICMP(type=8, code=0) / BODY, 1, (8, 0)),
        (ICMP(type=3, code=13) / BODY, 1, (3, 13)),
    ],
)
def test_transports(decode: Any, transport: Any, proto: int, ports: tuple[int, int]) -> None:
    packets = decode(bytes(ETHER / V4 / transport))
    (row,) = packets.rows
    assert (row["proto"], row["src_port"], row["dst_port"]) == (proto, *ports)
    if BODY in transport:
        assert payload(packets, row) == BODY.load


def test_extension_headers_are_walked(decode: Any) -> None:
    frame = ETHER / V6 / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / ICMPv6EchoRequest(data=b"x" * 20)
    packets = decode(bytes(frame))
    (row,) = packets.rows
    assert (row["proto"], row["src_port"], payload(packets, row)) == (58, 128, b"x" * 20)


def test_ethernet_padding_is_no_payload(decode: Any) -> None:
    (row,) = decode(bytes(ETHER / V4 / TCP(flags="A")) + bytes(6)).rows
    assert (row["payload_len"], row["payload_wire"], row["ip_len"]) == (0, 0, 40)


def test_snap_length_cuts_payload_only(decode: Any) -> None:
    (row,) = decode(bytes(ETHER / V4 / SEGMENT / Raw(b"x" * 500))[:100]).rows
    assert (row["status"], row["payload_len"], row["payload_wire"]) == (Status.OK, 46, 500)


@pytest.mark.parametrize(
    ("carrier", "tunnel", "status"),
    [
        (V4 / GRE(), Tunnel.GRE, Status.CARRIER),
        (V4 / GRE(key_present=1, key=5, seqnum_present=1), Tunnel.GRE, Status.CARRIER),
        (V4, Tunnel.IP, Status.CARRIER),
        (V4 / UDP(dport=4789) / VXLAN(vni=7, flags=8) / ETHER, Tunnel.VXLAN, Status.OK),
        (V4 / UDP(dport=6081) / GENEVE(vni=7) / ETHER, Tunnel.GENEVE, Status.OK),
        (V4 / UDP(dport=2152) / GTP_U_Header(teid=7), Tunnel.GTPV1, Status.OK),
        (V4 / GRE(proto=0x88BE) / ETHER, Tunnel.ERSPAN, Status.CARRIER),
        (V4 / SEQUENCED / ERSPAN_II(session_id=1) / ETHER, Tunnel.ERSPAN, Status.CARRIER),
        (V4 / GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III() / ETHER, Tunnel.ERSPAN, Status.CARRIER),
        (V6, Tunnel.IP, Status.CARRIER),
    ],
    ids=["gre", "gre-key", "ipip", "vxlan", "geneve", "gtp", "erspan1", "erspan2", "erspan3", "ip-in-6"],
)
def test_tunnels_give_a_row_each(decode: Any, carrier: Any, tunnel: Tunnel, status: Status) -> None:
    inner = IP(src="10.0.0.1", dst="10.0.0.2") / SEGMENT / BODY
    packets = decode(bytes(ETHER / carrier / inner))
    outer, row = packets.rows
    assert (outer["status"], outer["carries"], outer["tunnel"]) == (status, tunnel, Tunnel.NONE)
    assert (row["parent"], row["depth"], row["tunnel"], row["frame"]) == (0, 1, tunnel, 0)
    assert addresses(row) == ("10.0.0.1", "10.0.0.2")
    assert payload(packets, row) == BODY.load


def test_six_in_four_and_teredo_servers(decode: Any) -> None:
    for carrier, tunnel in ((V4, Tunnel.IP), (V4 / UDP(sport=3544, dport=3544), Tunnel.TEREDO)):
        outer, row = decode(bytes(ETHER / carrier / V6 / SEGMENT / BODY)).rows
        assert (outer["carries"], row["tunnel"], addresses(row)) == (tunnel, tunnel, (V6.src, V6.dst))


TEREDO = IPv6(src="2001:0:4137:9e50:8000:f12a:b9c8:2815", dst="2001:4860:0:2001::68")


def test_teredo_between_peers_needs_no_port(decode: Any) -> None:
    carrier = ETHER / V4 / UDP(sport=3797, dport=32900)
    outer, row = decode(bytes(carrier / TEREDO / SEGMENT / BODY)).rows
    assert (outer["carries"], row["tunnel"], row["dst_port"]) == (Tunnel.TEREDO, Tunnel.TEREDO, 443)
    for other in (
        IPv6(src="2001:db8::1", dst="2001:4860::68") / SEGMENT / BODY,  # no Teredo address
        Raw(bytes(TEREDO / SEGMENT / BODY)[:-1]),  # shorter than it says
        Raw(bytes(TEREDO / SEGMENT / BODY) + b"x"),  # longer
    ):
        (row,) = decode(bytes(carrier / other)).rows
        assert row["carries"] == Tunnel.NONE


def test_encapsulation_is_bounded(decode: Any) -> None:
    frame = ETHER
    for _ in range(12):
        frame = frame / V4
    rows = decode(bytes(frame / SEGMENT)).rows
    assert len(rows) == 6
    assert rows["status"][-1] == Status.TOO_DEEP


def test_more_tags_than_three_are_too_deep(decode: Any) -> None:
    frame = ETHER / Dot1AD(vlan=1) / Dot1Q(vlan=2) / Dot1Q(vlan=3)
    rows = decode(bytes(frame / V4 / SEGMENT), bytes(frame / Dot1Q(vlan=4) / V4 / SEGMENT)).rows
    assert rows["status"].tolist() == [Status.OK, Status.TOO_DEEP]


def test_arp(decode: Any) -> None:
    frame = ETHER / ARP(op=2, psrc="192.0.2.1", pdst="192.0.2.9")
    (row,) = decode(bytes(frame)).rows
    assert (row["status"], row["src_port"]) == (Status.ARP, 2)
    assert addresses(row) == ("192.0.2.1", "192.0.2.9")


def test_checksums_on_request(decode: Any) -> None:
    good = bytes(ETHER / V4 / SEGMENT / BODY)
    bad = good[:-1] + bytes([good[-1] ^ 1])
    assert decode(good, bad, checksums=True).rows["bad_checksum"].tolist() == [0, 1]
    assert decode(good, bad).rows["bad_checksum"].tolist() == [0, 0]


def test_unknown_link_and_other_protocols_are_named(decode: Any) -> None:
    assert decode(b"x" * 60, linktype=999).rows["status"].tolist() == [Status.UNKNOWN_LINK]
    lldp = bytes(ETHER)[:12] + struct.pack("!H", 0x88CC) + bytes(46)
    assert decode(lldp).rows["status"].tolist() == [Status.OTHER]


SAMPLES = [
    bytes(ETHER / Dot1Q(vlan=5) / V4 / SEGMENT / BODY),
    bytes(ETHER / V6 / IPv6ExtHdrHopByHop() / UDP() / BODY),
    bytes(ETHER / V4 / GRE() / V6 / ICMPv6EchoRequest()),
    bytes(ETHER / V4 / UDP(dport=4789) / VXLAN(vni=7, flags=8) / ETHER / V4 / SEGMENT),
    bytes(ETHER / ARP()),
]


@pytest.mark.parametrize("sample", range(len(SAMPLES)))
def test_truncation_never_reads_past_the_frame(decode: Any, sample: int) -> None:
    whole = SAMPLES[sample]
    packets = decode(*(whole[:length] for length in range(len(whole))))
    starts = np.cumsum([64 + length for length in range(len(whole))]) - np.arange(len(whole))
    assert len(set(packets.rows["frame"].tolist())) == len(whole)
    for row in packets.rows:
        end = int(starts[row["frame"]] + row["frame"])
        if row["payload_len"] > 0:
            assert row["payload"] + row["payload_len"] <= end
        if row["status"] == Status.OK and row["payload_len"] > 0:
            assert b"\xee" * 8 not in payload(packets, row)


@given(
    frame=st.binary(max_size=120), linktype=st.sampled_from([0, 1, 9, 101, 105, 113, 127, 228, 229, 239, 276])
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_a_row_within_the_frame(decode: Any, frame: bytes, linktype: int) -> None:
    packets = decode(frame, linktype=linktype)
    assert len(packets.rows) >= 1
    for row in packets.rows:
        assert row["payload_len"] >= 0
        if row["payload_len"]:
            assert 64 <= row["payload"] <= row["payload"] + row["payload_len"] <= 64 + len(frame)


@given(hi=st.integers(1, (1 << 64) - 1), lo=st.integers(0, (1 << 64) - 1))
def test_addresses_as_the_standard_library_writes_them(hi: int, lo: int) -> None:
    assert address_text(hi, lo) == str(ipaddress.IPv6Address(hi << 64 | lo))
