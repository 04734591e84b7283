"""Bytes that nobody wants are counted, told of in order, and cost no entry of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.flow.record import Verdict, Work
from tests.flow.conftest import Wire

Packet = Callable[..., dict[str, Any]]


class Telling(Wire):
    """A wire that keeps what it was told of the originator's stream, in order."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire.table.settings)
        self.told: list[tuple[Work, int, bytes]] = []

    def _take(self, steps: Any) -> None:
        for step in steps:
            for item in step.work:
                if item["side"] == 0:
                    kind, start, length = Work(item["kind"]), int(item["offset"]), int(item["length"])
                    block = self.table.buffers[int(item["buffer"])] if kind == Work.DATA else b""
                    self.told.append((kind, length, bytes(block[start : start + length])))

    def let_pass(self, length: int) -> None:
        self.table.tables.ends[0]["unwanted"] = length


def opened(wire: Wire, packet: Packet) -> Telling:
    telling = Telling(wire)
    telling.send(packet("S", seq=0), packet("A", seq=1, data=b"head"))
    telling.table.set_verdict(0, Verdict.KEEP)
    return telling


def test_told_before_what_comes_after(wire: Wire, packet: Packet) -> None:
    telling = opened(wire, packet)
    telling.let_pass(10)
    telling.send(packet("A", seq=5, data=b"12345"))
    assert telling.told == [(Work.DATA, 4, b"head")]
    telling.send(packet("A", seq=10, data=b"67890tail"))
    assert telling.told[1:] == [(Work.SKIPPED, 10, b""), (Work.DATA, 4, b"tail")]


def test_told_when_the_stream_or_the_flow_ends(wire: Wire, packet: Packet) -> None:
    telling = opened(wire, packet)
    telling.let_pass(1 << 62)
    telling.send(packet("A", seq=5, data=b"12345"), packet("FA", seq=10, data=b"678"))
    assert telling.told[1:] == [(Work.SKIPPED, 8, b""), (Work.CLOSED, 0, b"")]
    other = opened(wire, packet)
    other.let_pass(1 << 62)
    other.send(packet("A", seq=5, data=b"12345"))
    other.finish()
    assert other.told[1:] == [(Work.SKIPPED, 5, b"")]


def test_a_gap_among_them_is_missed_but_not_told(wire: Wire, packet: Packet) -> None:
    telling = opened(wire, packet)
    telling.let_pass(20)
    telling.send(packet("A", seq=15, data=b"abcde"), packet("A", back=True, seq=1, ack=20))
    telling.send(packet("A", seq=20, data=b"fghijklm"))
    assert telling.told[1:] == [(Work.SKIPPED, 20, b""), (Work.DATA, 3, b"klm")]
    assert telling.table.tables.ends[0]["missed"] == 10


@given(
    cuts=st.lists(st.integers(1, 60), min_size=1, max_size=12),
    unwanted=st.integers(0, 400),
    swap=st.booleans(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_byte_is_either_seen_or_told(
    make_wire: Any, packet: Any, cuts: list[int], unwanted: int, swap: bool
) -> None:
    telling = opened(make_wire(), packet)
    telling.let_pass(unwanted)
    message = bytes(range(256)) * 4
    places = [sum(cuts[:n]) for n in range(len(cuts))]
    pieces = [
        packet("A", seq=5 + at, data=message[at : at + size]) for at, size in zip(places, cuts, strict=True)
    ]
    if swap and len(pieces) > 1:
        pieces[0], pieces[1] = pieces[1], pieces[0]
    telling.send(*pieces, packet("FA", seq=5 + sum(cuts)))
    seen, at = b"", 0
    for kind, length, data in telling.told[1:]:
        if kind == Work.SKIPPED:
            seen += message[at : at + length]
        seen += data
        at += length
    assert seen == message[: sum(cuts)]
    skipped = sum(length for kind, length, _ in telling.told if kind == Work.SKIPPED)
    assert skipped == min(unwanted, sum(cuts))
