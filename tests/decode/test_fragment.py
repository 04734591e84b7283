"""Reassembly of datagrams, friendly and hostile."""

from __future__ import annotations

import itertools

import pytest
from scapy.layers.inet import IP, TCP, UDP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6
from scapy.layers.l2 import GRE, Dot1Q, Ether
from scapy.packet import Raw

from sentinel.decode.decoder import Decoder
from sentinel.decode.packet import FragmentFlag, Status
from sentinel.decode.settings import DecodeSettings
from tests.decode.conftest import Frames

ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
BODY = bytes(range(256)) * 12
WHOLE = IP(src="192.0.2.1", dst="192.0.2.2", id=77) / UDP(sport=53, dport=4000) / Raw(BODY)
PIECES = [bytes(ETHER / Dot1Q(vlan=9) / piece) for piece in fragment(WHOLE, 800)]


def piece(offset: int, data: bytes, more: bool, number: int = 1) -> bytes:
    return bytes(
        ETHER
        / IP(src="192.0.2.1", dst="192.0.2.2", id=number, proto=17, frag=offset // 8, flags=int(more))
        / Raw(data)
    )


@pytest.fixture
def decoder() -> Decoder:
    return Decoder(DecodeSettings(max_fragmented=4, fragment_timeout=30.0))


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5])
def test_any_order(decoder: Decoder, order: tuple[int, ...]) -> None:
    assert len(PIECES) == 4
    packets = decoder.decode(Frames([PIECES[number] for number in order]))
    assert packets.rows["status"].tolist() == [Status.FRAGMENT] * 3 + [Status.OK]
    row = packets.rows[3]
    assert (row["src_port"], row["dst_port"], row["vlan"], row["frame"]) == (53, 4000, 9, 3)
    assert row["fragment"] & FragmentFlag.REASSEMBLED
    assert packets.spill[row["payload"] : row["payload"] + row["payload_len"]].tobytes() == BODY
    assert not decoder.take_oddities()


def test_across_batches_and_for_ipv6(decoder: Decoder) -> None:
    whole = IPv6(src="2001:db8::1", dst="2001:db8::2") / IPv6ExtHdrFragment(id=5) / TCP(dport=80) / Raw(BODY)
    pieces = [bytes(ETHER / one) for one in fragment6(whole, 1000)]
    for one in pieces[:-1]:
        assert decoder.decode(Frames([one])).rows["status"].tolist() == [Status.FRAGMENT]
    packets = decoder.decode(Frames(pieces[-1:]))
    (row,) = packets.rows
    assert (row["status"], row["proto"], row["dst_port"]) == (Status.OK, 6, 80)
    assert packets.spill[row["payload"] : row["payload"] + row["payload_len"]].tobytes() == BODY


def test_a_tunnel_inside_fragments_keeps_its_rows_in_order(decoder: Decoder) -> None:
    inner = IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=1, dport=2) / Raw(BODY)
    pieces = [
        bytes(ETHER / one) for one in fragment(IP(src="192.0.2.1", dst="192.0.2.2") / GRE() / inner, 1600)
    ]
    tunnelled = bytes(ETHER / IP(src="192.0.2.1", dst="192.0.2.2") / GRE() / inner)
    packets = decoder.decode(Frames([tunnelled, *pieces, tunnelled]))
    assert packets.rows["frame"].tolist() == [
        0,
        0,
        *range(1, len(pieces)),
        len(pieces),
        len(pieces),
        *[len(pieces) + 1] * 2,
    ]
    children = [number for number, row in enumerate(packets.rows) if row["parent"] >= 0]
    assert [packets.rows["parent"][number] for number in children] == [number - 1 for number in children]
    assert packets.rows["dst_port"][children].tolist() == [2, 2, 2]


def test_first_bytes_win_and_overlaps_are_odd(decoder: Decoder) -> None:
    packets = decoder.decode(
        Frames(
            [
                piece(0, b"\0\1\0\2\0\x20\0\0first!!!", True),
                piece(8, b"SECOND!!", True),
                piece(16, b"the tail", False),
            ]
        )
    )
    row = packets.rows[-1]
    assert packets.spill[row["payload"] :].tobytes()[:16] == b"first!!!the tail"
    assert [odd.name for odd in decoder.take_oddities()] == ["fragment_inconsistency"]
    decoder.decode(Frames([piece(0, b"x" * 16, True, 2), piece(0, b"x" * 16, True, 2)]))
    assert [odd.name for odd in decoder.take_oddities()] == ["fragment_overlap"]


def test_ping_of_death_is_refused(decoder: Decoder) -> None:
    packets = decoder.decode(Frames([piece(0, b"x" * 800, True), piece(65528, b"x" * 800, False)]))
    assert packets.rows["status"].tolist() == [Status.FRAGMENT] * 2
    assert [odd.name for odd in decoder.take_oddities()] == ["excessively_large_fragment"]


def test_memory_is_bounded(decoder: Decoder) -> None:
    decoder.decode(Frames([piece(0, b"x" * 8, True, number) for number in range(100)], ts=[1.0] * 100))
    assert len(decoder._fragments) == 4
    assert decoder._fragments.given_up == 96
    decoder.decode(Frames([piece(0, b"x" * 8, True, 500)], ts=[60.0]))
    assert len(decoder._fragments) == 1
