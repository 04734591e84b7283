"""Reassembly of datagrams, friendly and hostile."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
    assert decoder.take_oddities() == ([], 0)


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
    assert [odd.name for odd in decoder.take_oddities()[0]] == ["fragment_inconsistency"]
    decoder.decode(Frames([piece(0, b"x" * 16, True, 2), piece(0, b"x" * 16, True, 2)]))
    assert [odd.name for odd in decoder.take_oddities()[0]] == ["fragment_overlap"]


def test_ping_of_death_is_refused(decoder: Decoder) -> None:
    packets = decoder.decode(Frames([piece(0, b"x" * 800, True), piece(65528, b"x" * 800, False)]))
    assert packets.rows["status"].tolist() == [Status.FRAGMENT] * 2
    assert [odd.name for odd in decoder.take_oddities()[0]] == ["excessively_large_fragment"]


def test_memory_is_bounded(decoder: Decoder) -> None:
    decoder.decode(Frames([piece(0, b"x" * 8, True, number) for number in range(100)], ts=[1.0] * 100))
    assert len(decoder._fragments) == 4
    assert decoder._fragments.given_up == 96
    decoder.decode(Frames([piece(0, b"x" * 8, True, 500)], ts=[60.0]))
    assert len(decoder._fragments) == 1


def names(decoder: Decoder) -> list[str]:
    return [odd.name for odd in decoder.take_oddities()[0]]


def test_a_last_fragment_that_contradicts_what_is_held_is_refused(decoder: Decoder) -> None:
    packets = decoder.decode(
        Frames(
            [
                piece(16, b"c" * 8, True),
                piece(8, b"x" * 4, False),  # ends before bytes already held
                piece(24, b"d" * 4, False),
                piece(24, b"d" * 8, False),  # another end
                piece(32, b"e" * 8, True),  # behind the end
                piece(0, b"\0\1\0\2\0\x1c\0\0", True),
                piece(8, b"b" * 8, True),
            ]
        )
    )
    row = packets.rows[-1]
    assert packets.spill[row["payload"] :].tobytes() == b"b" * 8 + b"c" * 8 + b"d" * 4
    assert names(decoder) == ["fragment_size_inconsistency"] * 3


def test_bytes_past_a_whole_unit_belong_to_the_last_fragment_alone(decoder: Decoder) -> None:
    packets = decoder.decode(
        Frames([piece(0, b"\0\1\0\2\0\x14\0\0abc", True), piece(8, b"ABCDEFGHIJKL", False)])
    )
    row = packets.rows[-1]
    assert packets.spill[row["payload"] :].tobytes() == b"ABCDEFGHIJKL"
    assert names(decoder) == []


def test_ipv6_takes_the_first_fragments_protocol(decoder: Decoder) -> None:
    def part(offset: int, data: bytes, more: int, kind: int) -> bytes:
        return bytes(
            ETHER
            / IPv6(src="2001:db8::1", dst="2001:db8::2")
            / IPv6ExtHdrFragment(nh=kind, offset=offset // 8, m=more, id=9)
            / Raw(data)
        )

    packets = decoder.decode(Frames([part(16, b"tail", 0, 6), part(0, b"\0\1\0\2\0\x14\0\0whatever", 1, 17)]))
    row = packets.rows[-1]
    assert (row["status"], row["proto"], row["dst_port"]) == (Status.OK, 17, 2)
    assert names(decoder) == ["fragment_protocol_inconsistency"]


def test_of_fragments_the_capture_cut_the_first_counts(decoder: Decoder) -> None:
    frames = Frames([piece(0, b"\0\1\0\2\0\x20\0\0begin", True), piece(16, b"more of it", False)])
    frames.wirelen += 100
    cut = frames.caplen.copy() - 4
    frames.caplen = cut
    packets = decoder.decode(frames)
    assert packets.rows["status"].tolist() == [Status.OK, Status.FRAGMENT]
    assert (packets.rows["src_port"][0], packets.rows["dst_port"][0]) == (1, 2)
    assert names(decoder) == ["incompletely_captured_fragment"] * 2
    assert len(decoder._fragments) == 0


def test_many_large_datagrams_in_one_batch(decoder: Decoder) -> None:
    body = bytes(range(256)) * 250
    frames = [
        bytes(ETHER / part)
        for number in range(40)
        for part in fragment(
            IP(src="192.0.2.1", dst="192.0.2.2", id=number) / UDP(sport=number, dport=9) / Raw(body), 32000
        )
    ]
    packets = decoder.decode(Frames(frames))
    whole = packets.rows[packets.rows["status"] == Status.OK]
    assert whole["src_port"].tolist() == list(range(40))
    for row in whole:
        assert packets.spill[row["payload"] : row["payload"] + row["payload_len"]].tobytes() == body
    again = decoder.decode(Frames(frames[:3]))
    assert again.spill[again.rows[-1]["payload"] :].tobytes() == body


def test_oddities_without_room_are_counted(decoder: Decoder) -> None:
    same = [piece(0, b"x" * 16, True)] * 1500
    decoder.decode(Frames(same, ts=[1.0] * 1500))
    kept, lost = decoder.take_oddities()
    assert (len(kept), lost) == (1024, 475)
    assert decoder.take_oddities() == ([], 0)


Piece = tuple[int, int, bool]


def expected(pieces: list[tuple[Piece, bytes]]) -> bytes | None:
    """What a byte map makes of the pieces: the datagram once it is whole, or None."""
    held: dict[int, int] = {}
    length = None
    for (start, _, more), data in pieces:
        taken = data[: len(data) // 8 * 8] if more else data
        end = start + len(taken)
        top = max(held, default=-1) + 1
        if (more and not taken) or (length is not None and (end > length or (not more and end != length))):
            continue
        if not more and end < top:
            continue
        for place, byte in enumerate(taken, start):
            held.setdefault(place, byte)
        if not more:
            length = end
        if length is not None and len(held) == length and all(place in held for place in range(length)):
            return bytes(held[place] for place in range(length))
    return None


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 24), st.booleans()), min_size=1, max_size=12))
def test_as_a_map_of_bytes_would(shapes: list[tuple[int, int, bool]]) -> None:
    decoder = Decoder(DecodeSettings(max_fragmented=4))
    pieces = [
        ((unit * 8, size, more or unit == 0), bytes((7 * number + byte) % 251 for byte in range(size)))
        for number, (unit, size, more) in enumerate(shapes)
    ]
    frames = [
        bytes(ETHER / IP(src="192.0.2.1", dst="192.0.2.2", id=3, proto=253, frag=start // 8, flags=int(more)) / Raw(data))
        for (start, _, more), data in pieces
    ]  # fmt: skip
    packets = decoder.decode(Frames(frames, ts=[1.0] * len(frames)))
    whole = np.flatnonzero(packets.rows["status"] == Status.OK)
    wanted = expected(pieces)
    if wanted is None:
        assert not len(whole)
    else:
        row = packets.rows[whole[0]]
        start = row["payload"]
        assert packets.spill[start : start + row["payload_len"]].tobytes() == wanted
