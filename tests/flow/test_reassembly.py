"""Reassembly against the obvious: the bytes that were sent."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.flow.record import Verdict

START = 1000


@st.composite
def deliveries(draw: Any) -> tuple[bytes, list[tuple[int, int]]]:
    """A message, and stretches of it in any order, overlapping, that cover it."""
    message = draw(st.binary(min_size=1, max_size=200))
    cuts = sorted(draw(st.sets(st.integers(1, len(message)), max_size=8)) | {0, len(message)})
    pieces = list(pairwise(cuts))
    for _ in range(draw(st.integers(0, 4))):
        a = draw(st.integers(0, len(message) - 1))
        pieces.append((a, draw(st.integers(a + 1, len(message)))))
    return message, draw(st.permutations(pieces))


@given(case=deliveries(), base=st.sampled_from([START, (1 << 32) - 50]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_gives_the_message(make_wire: Any, packet: Any, case: Any, base: int) -> None:
    message, pieces = case
    wire = make_wire()
    wire.send(
        packet("S", seq=base - 1), *(packet("A", seq=base + a, ack=1, data=message[a:b]) for a, b in pieces)
    )
    assert wire.stream(0) == message
    assert not wire.gaps
    assert not wire.conflicts


def test_first_bytes_win_and_a_contradiction_is_reported(wire: Any, packet: Any) -> None:
    wire.send(packet("S", seq=START - 1), packet("A", seq=START, data=b"GET /good"))
    wire.send(packet("A", seq=START, data=b"GET /evil and more"))
    assert wire.stream(0) == b"GET /good and more"
    assert wire.conflicts == [b"GET /evil"]


def test_contradiction_with_other_boundaries(wire: Any, packet: Any) -> None:
    wire.send(
        packet("S", seq=START - 1),
        packet("A", seq=START, data=b"abc"),
        packet("A", seq=START + 3, data=b"def"),
    )
    wire.send(packet("A", seq=START + 2, data=b"cd"))
    assert not wire.conflicts
    wire.send(packet("A", seq=START + 2, data=b"cX"))
    assert wire.conflicts == [b"cX"]


def test_contradicting_segments_out_of_order(wire: Any, packet: Any) -> None:
    wire.send(
        packet("S", seq=START - 1),
        packet("A", seq=START + 3, data=b"GOOD"),
        packet("A", seq=START + 2, data=b"XXX"),
    )
    wire.send(packet("A", seq=START, data=b"ab"))
    assert wire.conflicts == [b"XXX"]
    assert wire.stream(0) == b"abXGOOD"


def test_acknowledged_bytes_that_never_came_are_a_gap(wire: Any, packet: Any) -> None:
    wire.send(packet("S", seq=START - 1), packet("SA", back=True, seq=1, ack=START))
    wire.send(packet("A", seq=START + 10, ack=2, data=b"tail"))
    assert wire.stream(0) == b""
    wire.send(packet("A", back=True, seq=2, ack=START + 14))
    assert wire.gaps == [(0, 10)]
    assert wire.stream(0) == b"tail"
    (conn,) = wire.finish()
    assert conn.missed_bytes == 10


def test_what_waits_is_handed_over_when_the_flow_ends(wire: Any, packet: Any) -> None:
    wire.send(packet("S", seq=START - 1), packet("A", seq=START + 5, data=b"late"))
    wire.finish()
    assert wire.gaps == [(0, 5)]
    assert wire.stream(0) == b"late"


def test_snap_length_leaves_a_gap(wire: Any, packet: Any) -> None:
    wire.send(packet("S", seq=START - 1), packet("A", seq=START, data=b"head", wire=100))
    wire.send(packet("A", seq=START + 100, data=b"next"))
    assert wire.stream(0) == b"headnext"
    assert wire.gaps == [(0, 96)]


def test_inspection_depth_and_caps(make_wire: Any, packet: Any) -> None:
    said = [packet("A", seq=START + 100 * k, data=b"x" * 100) for k in range(20)]
    wire = make_wire(inspect_bytes=1000, reassembly_flow_bytes=500)
    wire.send(packet("S", seq=START - 1))
    wire.table.set_verdict(0, Verdict.INSPECT)
    wire.send(*said)
    assert len(wire.stream(0)) == 1000
    wire = make_wire(inspect_bytes=1000)
    wire.send(packet("S", seq=START - 1), *said)
    assert len(wire.stream(0)) == 2000  # nobody could say yet how much is wanted
    wire = make_wire(reassembly_flow_bytes=500)
    wire.send(
        packet("S", seq=START - 1),
        *(packet("A", seq=START + 1 + 100 * k, data=b"x" * 100) for k in range(20)),
    )
    assert wire.table.count("pending_refused") == 15


def test_ring_of_kept_segments_is_bounded(make_wire: Any, packet: Any) -> None:
    wire = make_wire(reassembly_bytes=1 << 16, inspect_bytes=1 << 30)
    wire.send(packet("S", seq=START - 1))
    for k in range(300):
        wire.send(packet("A", seq=START + 1000 * k, data=bytes([k % 256]) * 1000))
    assert wire.stream(0) == b"".join(bytes([k % 256]) * 1000 for k in range(300))
    wire.send(packet("A", seq=START, data=b"forgotten"))
    assert not wire.conflicts  # too long ago to compare
    wire.send(packet("A", seq=START + 299_000, data=b"different"))
    assert wire.conflicts == [b"different"]


def test_bytes_waiting_behind_a_hole_are_read_once_it_is_filled(make_wire: Any, packet: Any) -> None:
    """The depth counts what was handed over, so that nobody hides behind a hole until the flow ends."""
    wire = make_wire(inspect_bytes=100)
    wire.send(packet("S", seq=START - 1))
    wire.table.set_verdict(0, Verdict.INSPECT)
    wire.send(*(packet("A", seq=START + 1 + 50 * k, data=b"x" * 50) for k in range(4)))
    assert wire.stream(0) == b""
    wire.send(packet("A", seq=START, data=b"a"))
    assert wire.stream(0)[:101] == b"a" + b"x" * 100


@pytest.mark.parametrize(
    ("segments", "ack", "missed"),
    [
        ([(0, 100), (100, 100)], 200, 0),
        ([(100, 100), (0, 100)], 200, 0),  # out of order
        ([(0, 100), (0, 100), (50, 100)], 150, 0),  # sent again
        ([(0, 100), (150, 50)], 200, 50),  # a hole
        ([(0, 100), (150, 50), (300, 100)], 400, 150),  # two holes
        ([(0, 100)], 250, 150),  # the end was lost
        ([(0, 100), (150, 50)], 260, 110),  # a hole and the end
        ([(0, 100)], 1 << 30, 0),  # not to be believed
    ],
)
@pytest.mark.parametrize("why", ["bypass", "depth"])
def test_what_is_missing_of_a_stream_that_nobody_reads_is_counted(
    make_wire: Any, packet: Any, segments: list[tuple[int, int]], ack: int, missed: int, why: str
) -> None:
    wire = make_wire(inspect_bytes=16)
    wire.send(
        packet("S", seq=START - 17), packet("SA", back=True, seq=1, ack=START - 16), packet("A", seq=START - 16, ack=2)
    )  # fmt: skip
    wire.table.set_verdict(0, Verdict.BYPASS if why == "bypass" else Verdict.INSPECT)
    wire.send(packet("A", seq=START - 16, ack=2, data=b"0123456789abcdef"))
    for start, length in segments:
        wire.send(packet("A", seq=START + start, ack=2, data=bytes(length)))
    wire.send(packet("A", back=True, seq=2, ack=START + ack))
    handed_over = len(wire.stream(0))
    (conn,) = wire.finish()
    assert (conn.missed_bytes, "G" in conn.history) == (missed, missed > 0)
    assert handed_over == (0 if why == "bypass" else 16)


def test_a_fin_is_no_missing_byte_where_nobody_reads(make_wire: Any, packet: Any) -> None:
    wire = make_wire(inspect_bytes=0)
    wire.send(
        packet("S", seq=START - 1),
        packet("SA", back=True, seq=1, ack=START),
        packet("A", seq=START, ack=2, data=b"all"),
        packet("FA", seq=START + 3, ack=2),
        packet("FA", back=True, seq=2, ack=START + 4),
        packet("A", seq=START + 4, ack=3),
    )
    (conn,) = wire.finish()
    assert (conn.missed_bytes, conn.conn_state, conn.orig_bytes) == (0, "SF", 3)
