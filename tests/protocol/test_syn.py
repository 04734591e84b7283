"""SYN packets tell how a host opens connections: once, again after an hour or a change, and a flood tells little."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import IP, TCP, UDP, IPOption
from scapy.layers.inet6 import IPv6, IPv6ExtHdrHopByHop
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Raw
from scapy.utils import wrpcap

from sentinel.capture.file import open_capture
from sentinel.decode.decoder import Decoder
from sentinel.decode.settings import DecodeSettings
from sentinel.event import TcpSyn
from sentinel.flow.settings import ZoneSettings
from sentinel.flow.zones import Zones
from sentinel.protocol.syn import SynReader

WINDOWS = [("MSS", 1460), ("NOP", None), ("WScale", 8), ("NOP", None), ("NOP", None), ("SAckOK", b"")]
LINUX = [("MSS", 1400), ("SAckOK", b""), ("Timestamp", (1, 0)), ("NOP", None), ("WScale", 7)]
Read = Callable[..., list[TcpSyn]]


def syn(source: str = "10.0.0.5", options: Any = WINDOWS, ts: float = 1.0, **fields: Any) -> Any:
    packet = (
        Ether()
        / IP(src=source, dst="10.9.9.9", ttl=fields.pop("ttl", 128))
        / TCP(flags="S", seq=1, options=options, **fields)
    )
    packet.time = ts
    return packet


@pytest.fixture
def read(tmp_path: Path) -> Read:
    reader = SynReader(["10.0.0.0/8", "fd00::/8"])
    zones = Zones([ZoneSettings("village", vlans=(20,))])

    def run(*packets: Any) -> list[TcpSyn]:
        wrpcap(str(tmp_path / "t.pcap"), packets)
        decoder = Decoder(DecodeSettings())
        found: list[TcpSyn] = []
        for batch in open_capture(tmp_path / "t.pcap"):
            decoded = decoder.decode(batch)
            found += reader.read(decoded.rows, decoded.data, zones)
        return found

    return run


def test_everything_that_tells_a_system_is_read(read: Read) -> None:
    assert read(syn(window=64240)) == [
        TcpSyn(
            ts=1.0, host="10.0.0.5", ttl=128, window=64240, options="mss,nop,ws,nop,nop,sok", mss=1460, scale=8,
        )
    ]  # fmt: skip
    [event] = read(
        Ether() / Dot1Q(vlan=20) / IP(src="10.0.0.6", ttl=64) / TCP(flags="S", options=LINUX, window=28000)
    )
    assert (event.zone, event.options, event.mss, event.scale) == ("village", "mss,sok,ts,nop,ws", 1400, 7)
    [event] = read(Ether() / IPv6(src="fd00::5", hlim=64) / TCP(flags="S", options=LINUX))
    assert (event.host, event.ttl, event.options) == ("fd00::5", 64, "mss,sok,ts,nop,ws")


def test_only_the_first_packet_of_our_own_hosts_counts(read: Read) -> None:
    ours = IP(src="10.0.0.5", dst="10.0.0.6")
    others = [TCP(flags="SA", options=WINDOWS), TCP(flags="A"), TCP(flags="SF"), UDP()]
    assert read(*(Ether() / ours / other for other in others), syn("8.8.8.8")) == []
    assert read(Ether() / IPv6(src="fd00::5") / IPv6ExtHdrHopByHop() / TCP(flags="S", options=LINUX)) == []


def test_a_host_is_told_again_after_an_hour_or_when_it_changes(read: Read) -> None:
    assert [event.ts for event in read(*(syn(ts=ts) for ts in (1.0, 2.0, 3000.0, 3602.0, 3700.0)))] == [
        1.0,
        3602.0,
    ]
    assert [event.ttl for event in read(syn(options=LINUX, ttl=64, ts=3701.0), syn(ts=3702.0))] == [64]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ([], ""),
        ([("EOL", None)], "eol+3"),
        ([(30, b"\x01\x02"), ("NOP", None)], "?30,nop"),
    ],
)
def test_unusual_options(read: Read, options: Any, names: str) -> None:
    [event] = read(syn(options=options))
    assert event.options.startswith(names) and event.mss is None


@pytest.mark.parametrize("options", [b"\x02", b"\x02\x00\x05\xb4", b"\x02\x28\x05\xb4", b"\x02\x01\x01\x01"])
def test_options_that_lie_about_their_length_end_the_list(read: Read, options: bytes) -> None:
    [event] = read(syn(options=[], dataofs=6) / Raw(options.ljust(4, b"\0")))
    assert (event.options, event.mss, event.quirks) == ("mss", None, "bad")


NOTHING = {"flags": "", "id": 7}
"""An IPv4 header without anything peculiar."""


@pytest.mark.parametrize(
    ("ip", "tcp", "quirks"),
    [
        (NOTHING, {}, ""),
        ({"flags": "DF", "id": 7}, {}, "df,id+"),
        ({"flags": "DF", "id": 0}, {}, "df"),
        ({"flags": "", "id": 0}, {}, "id-"),
        ({"flags": "evil", "id": 7}, {}, "0+"),
        ({**NOTHING, "tos": 2}, {}, "ecn"),
        (NOTHING, {"flags": "SEC"}, "ecn"),
        (NOTHING, {"flags": "SN"}, "ecn"),
        (NOTHING, {"reserved": 4}, "0+"),
        (NOTHING, {"seq": 0}, "seq-"),
        (NOTHING, {"ack": 9}, "ack+"),
        (NOTHING, {"urgptr": 9}, "uptr+"),
        (NOTHING, {"flags": "SU", "urgptr": 9}, "urgf+"),
        (NOTHING, {"flags": "SP"}, "pushf+"),
        (NOTHING, {"options": [("Timestamp", (0, 0))]}, "ts1-"),
        (NOTHING, {"options": [("Timestamp", (5, 6))]}, "ts2+"),
        (NOTHING, {"options": [("WScale", 15)]}, "exws"),
        (NOTHING, {"options": [("EOL", None), (9, b"")]}, "opt+"),
        (NOTHING, {"options": [(2, b"\x05")]}, "bad"),
        (NOTHING, {"options": [("SAck", (1, 2))]}, ""),
    ],
)
def test_what_is_peculiar_is_named_as_p0f_does(read: Read, ip: Any, tcp: Any, quirks: str) -> None:
    fields = {"flags": "S", "seq": 1000, **tcp}
    [event] = read(Ether() / IP(src="10.0.0.5", ttl=64, **ip) / TCP(**fields))
    assert event.quirks == quirks


def test_the_headers_of_ipv6_have_quirks_of_their_own(read: Read) -> None:
    [event] = read(Ether() / IPv6(src="fd00::5", tc=1, fl=9) / TCP(flags="S", seq=1))
    assert event.quirks == "ecn,flow"
    [event] = read(Ether() / IPv6(src="fd00::6") / TCP(flags="S", seq=1))
    assert event.quirks == ""


def test_options_of_ip_and_a_payload_are_measured(read: Read) -> None:
    options = [IPOption(b"\x94\x04\0\0")]
    [event] = read(
        Ether() / IP(src="10.0.0.5", options=options) / TCP(flags="S", options=WINDOWS) / Raw(b"abc")
    )
    assert (event.ip_options, event.payload, event.options) == (4, 3, "mss,nop,ws,nop,nop,sok")


def test_a_flood_tells_little_and_holds_little(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentinel.protocol.syn._HOSTS", 100)
    flood = [syn(f"10.1.{n >> 8}.{n & 255}") for n in range(2000)]
    assert len(read(*flood)) == 256
    assert len(read(syn("10.1.0.255"))) == 0  # one of the last hundred is remembered
    assert len(read(syn("10.1.0.1"))) == 1


def test_one_host_that_opens_each_connection_otherwise_is_remembered_in_four_ways_only(read: Read) -> None:
    assert len(read(*(syn(window=n) for n in range(1, 101)))) == 100
    assert len(read(*(syn(window=n) for n in range(97, 101)))) == 0
