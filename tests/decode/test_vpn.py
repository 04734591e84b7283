"""Which private network an encapsulation names, as scapy writes it."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.contrib.erspan import ERSPAN_II
from scapy.contrib.geneve import GENEVE
from scapy.contrib.gtp import GTP_U_Header
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.l2 import GRE, GRE_PPTP, Ether
from scapy.layers.ppp import PPP
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

from sentinel.decode.packet import FragmentFlag, Vpn

ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
OUTER = ETHER / IP(src="192.0.2.1", dst="192.0.2.2")
INNER = IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=1000, dport=2000) / Raw(b"inside")
VNI, LABEL, GRE_KEY = Vpn.VNI.column, Vpn.LABEL.column, Vpn.GRE_KEY.column


@pytest.mark.parametrize(
    ("frame", "vpn"),
    [
        (OUTER / UDP(sport=5, dport=4789) / VXLAN(vni=0xABCDEF, flags=8) / ETHER / INNER, VNI(0xABCDEF)),
        (OUTER / UDP(sport=5, dport=6081) / GENEVE(vni=77, proto=0x6558) / ETHER / INNER, VNI(77)),
        (OUTER / GRE(key_present=1, key=0xFFFFFFFF) / INNER, GRE_KEY(0xFFFFFFFF)),
        (OUTER / GRE(chksum_present=1, key_present=1, key=9, seqnum_present=1) / INNER, GRE_KEY(9)),
        (OUTER / GRE() / INNER, 0),
        (OUTER / GRE_PPTP(key_present=1, call_id=7, seqnum_present=1, payload_len=60) / PPP() / INNER, 0),
        (OUTER / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II(session_id=5) / ETHER / INNER, 0),
        (OUTER / UDP(sport=5, dport=2152) / GTP_U_Header(teid=12345) / INNER, 0),
        (ETHER / MPLS(label=3001, s=1) / INNER, LABEL(3001)),
        (ETHER / MPLS(label=100, s=0) / MPLS(label=3001, s=1) / INNER, LABEL(3001)),
        (ETHER / MPLS(label=3001, s=0) / MPLS(label=0, s=1) / INNER, LABEL(3001)),
        (
            ETHER / MPLS(label=3001, s=0) / MPLS(label=7, s=0) / MPLS(label=99999, s=1) / INNER,
            LABEL(3001),
        ),
        (OUTER / GRE(proto=0x8847) / MPLS(label=500, s=1) / INNER, LABEL(500)),
    ],
    ids=[
        "vxlan", "geneve", "gre", "gre-checksum", "gre-keyless", "pptp", "erspan", "gtp", "label", "stack",
        "reserved", "entropy", "label-in-gre",
    ],
)  # fmt: skip
def test_the_innermost_number_of_the_packet_inside(decode: Any, frame: Any, vpn: int) -> None:
    assert int(decode(bytes(frame)).rows["vpn"][-1]) == vpn


def test_what_names_none_is_where_its_carrier_is(decode: Any) -> None:
    nested = OUTER / UDP(sport=5, dport=4789) / VXLAN(vni=5, flags=8) / OUTER / GRE() / INNER
    assert decode(bytes(nested)).rows["vpn"].tolist() == [0, VNI(5), VNI(5)]
    keyed = (
        OUTER / UDP(sport=5, dport=4789) / VXLAN(vni=5, flags=8) / OUTER / GRE(key_present=1, key=6) / INNER
    )
    assert decode(bytes(keyed)).rows["vpn"].tolist() == [0, VNI(5), GRE_KEY(6)]


def test_fragments_of_two_networks_are_two_datagrams(decode: Any) -> None:
    def within(vni: int, letter: bytes) -> list[Any]:
        datagram = IP(src="10.0.0.1", dst="10.0.0.2", id=7) / UDP(sport=1000, dport=2000) / Raw(letter * 1200)
        carrier = OUTER / UDP(sport=vni, dport=4789) / VXLAN(vni=vni, flags=8) / ETHER
        return [carrier / piece for piece in fragment(datagram, fragsize=600)]

    pairs = zip(within(1, b"a"), within(2, b"b"), strict=True)
    packets = decode(*(bytes(frame) for pair in pairs for frame in pair))
    whole = packets.rows[packets.rows["fragment"] == FragmentFlag.REASSEMBLED]
    assert whole["vpn"].tolist() == [VNI(1), VNI(2)]
    bodies = [packets.spill[row["payload"] :][: row["payload_len"]].tobytes() for row in whole]
    assert bodies == [b"a" * 1200, b"b" * 1200]
