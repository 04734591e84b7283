"""The transcript: runs joined, preceded by what was said before, within bounds."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

from sentinel.flow.record import Verdict, Work
from sentinel.flow.transcript import Scribe
from tests.flow.conftest import Wire

Packet = Callable[..., dict[str, Any]]
Said = list[tuple[bytes, bytes]]


class Hearing(Wire):
    """A wire that writes transcripts."""

    def __init__(self, wire: Wire, tail: int, most: int = 16) -> None:
        super().__init__(wire.table.settings)
        self.scribe = Scribe(self.table, tail, most)
        self.said: Said = []
        """(bytes before a run, the run's own) of all runs of bytes."""
        self.pieces: list[list[bytes]] = []
        """The same runs as they came, stretch by stretch."""
        self.other: list[tuple[int, bytes, int]] = []

    def _take(self, steps: Any) -> None:
        for step in steps:
            transcript = self.scribe.write(step)
            for number, run in enumerate(transcript.runs):
                own = transcript.text[run["start"] : run["end"]]
                assert transcript.text[run["end"] : run["end"] + 1] == b"\n"
                if run["kind"] == Work.DATA:
                    self.said.append((transcript.text[run["begin"] : run["start"]], own))
                    self.pieces.append(list(transcript.pieces(number)))
                    assert b"".join(self.pieces[-1]) == own
                else:
                    self.other.append((int(run["kind"]), own, int(run["length"])))


def test_segments_that_follow_each_other_are_one_run(wire: Wire, packet: Packet) -> None:
    hearing = Hearing(wire, tail=4)
    hearing.send(
        packet("A", seq=1, data=b"GET /"),
        packet("A", seq=6, data=b"index"),
        packet("A", back=True, seq=1, ack=11, data=b"HTTP"),
        packet("A", seq=11, ack=5, data=b".html"),
    )
    assert hearing.said == [(b"", b"GET /index"), (b"", b"HTTP"), (b"ndex", b".html")]


def test_what_was_said_is_remembered_over_batches(wire: Wire, packet: Packet) -> None:
    hearing = Hearing(wire, tail=4)
    hearing.send(packet("A", seq=1, data=b"ab"))
    hearing.send(packet("A", seq=3, data=b"cd"))
    hearing.send(packet("A", seq=5, data=b"e"))
    hearing.send(packet("A", seq=6, data=b"f"))
    assert hearing.said == [(b"", b"ab"), (b"ab", b"cd"), (b"abcd", b"e"), (b"bcde", b"f")]


def test_datagrams_stand_alone(wire: Wire, packet: Packet) -> None:
    hearing = Hearing(wire, tail=4)
    hearing.send(packet(proto=17, data=b"one"), packet(proto=17, data=b"two"))
    assert hearing.said == [(b"", b"one"), (b"", b"two")]


def test_no_tail_where_nobody_wants_one(wire: Wire, packet: Packet) -> None:
    hearing = Hearing(wire, tail=0)
    hearing.send(packet("A", seq=1, data=b"ab"))
    hearing.send(packet("A", seq=3, data=b"cd"))
    assert hearing.said == [(b"", b"ab"), (b"", b"cd")]


def test_the_direction_not_heard_longest_is_forgotten(wire: Wire, packet: Packet) -> None:
    hearing = Hearing(wire, tail=4, most=2)
    clients = [(0x0A000001, port) for port in (1001, 1002, 1003)]
    for client in clients:
        hearing.send(packet("A", seq=1, data=b"ab", client=client))
    assert hearing.scribe.forgotten == 1
    hearing.said.clear()
    for client in reversed(clients):
        hearing.send(packet("A", seq=3, data=b"cd", client=client))
    assert hearing.said == [(b"ab", b"cd"), (b"ab", b"cd"), (b"", b"cd")]


def test_a_slot_used_again_does_not_know_the_former_flow(wire: Wire, packet: Packet) -> None:
    hearing = Hearing(wire, tail=4)
    hearing.send(packet("S", seq=0), packet("A", seq=1, data=b"old!"), packet("R", seq=5))
    hearing.send(packet("S", seq=900, after=60.0), packet("A", seq=901, data=b"new"))
    assert hearing.said == [(b"", b"old!"), (b"", b"new")]


def test_scanned_flows_are_still_written_down(wire: Wire, packet: Packet) -> None:
    hearing = Hearing(wire, tail=4)
    hearing.send(packet("A", seq=1, data=b"ab"))
    hearing.table.set_verdict(0, Verdict.SCAN)
    hearing.send(packet("A", seq=3, data=b"cd"))
    hearing.table.set_verdict(0, Verdict.BYPASS)
    hearing.send(packet("A", seq=5, data=b"ef"))
    assert hearing.said == [(b"", b"ab"), (b"ab", b"cd")]


def test_past_the_depth_nothing_is_remembered(make_wire: Callable[..., Wire], packet: Packet) -> None:
    hearing = Hearing(make_wire(inspect_bytes=3), tail=4)
    hearing.send(packet("A", seq=1, data=b"ab"))
    hearing.table.set_verdict(0, Verdict.KEEP)
    hearing.send(packet("A", seq=3, data=b"cd"))
    hearing.send(packet("A", seq=5, data=b"ef"))
    assert hearing.said == [(b"", b"ab"), (b"ab", b"cd"), (b"", b"ef")]


def test_a_run_knows_the_stretches_it_was_joined_from(wire: Wire, packet: Packet) -> None:
    hearing = Hearing(wire, tail=4)
    hearing.send(
        packet("A", seq=1, data=b"ab"), packet("A", seq=3, data=b"cde"), packet(proto=17, data=b"alone")
    )
    assert hearing.pieces == [[b"ab", b"cde"], [b"alone"]]
    hearing.send(packet("A", seq=6, data=b"f"), packet("A", seq=7, data=b"gh"))
    assert hearing.pieces[2:] == [[b"f", b"gh"]]


def test_gaps_and_conflicts_are_runs_of_their_own(wire: Wire, packet: Packet) -> None:
    hearing = Hearing(wire, tail=4)
    hearing.send(packet("A", seq=1, data=b"abcd"), packet("A", seq=1, data=b"abXd"))
    hearing.send(packet("A", seq=15, data=b"later"), packet("A", back=True, seq=1, ack=20))
    assert (int(Work.CONFLICT), b"abXd", 4) in hearing.other
    assert (int(Work.GAP), b"", 10) in hearing.other
    assert [own for _, own in hearing.said] == [b"abcd", b"later"]


def test_the_text_grows_with_what_is_said(make_wire: Callable[..., Wire], packet: Packet) -> None:
    base = make_wire(inspect_bytes=1 << 30)
    hearing = Hearing(base, tail=4)
    piece = b"x" * 60_000
    hearing.send(*(packet(proto=17, data=piece, client=(1, port)) for port in range(1, 60)))
    assert hearing.said == [(b"", piece)] * 59


def test_what_was_missed_takes_no_room(make_wire: Callable[..., Wire], packet: Packet) -> None:
    hearing = Hearing(make_wire(inspect_bytes=1 << 30), tail=4)
    far = 1 + 15_000_000
    hearing.send(packet(client=(1, 1)))  # what is loaded at first is not the matter here
    tracemalloc.start()
    for port in range(2, 10):
        client = (1, port)
        hearing.send(packet("A", seq=1, data=b"ab", client=client))
        hearing.send(
            packet("A", seq=far, data=b"later", client=client),
            packet("A", back=True, seq=1, ack=far + 5, client=client),
        )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [length for kind, _, length in hearing.other if kind == Work.GAP] == [far - 3] * 8
    assert peak < 4 << 20
