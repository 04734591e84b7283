"""States and history letters against Zeek's published meanings."""

from __future__ import annotations

from typing import Any

import pytest

OPEN = [("S", False, 100, 0, b""), ("SA", True, 500, 101, b""), ("A", False, 101, 501, b"")]
DATA = [("PA", False, 101, 501, b"hello"), ("PA", True, 501, 106, b"world!"), ("A", False, 106, 507, b"")]
CLOSE = [("FA", False, 106, 507, b""), ("FA", True, 507, 107, b""), ("A", False, 107, 508, b"")]


@pytest.mark.parametrize(
    ("script", "state", "history", "orig_bytes", "resp_bytes"),
    [
        (OPEN[:1] * 2, "S0", "S", 0, 0),
        (OPEN[:1] + [("RA", True, 0, 101, b"")], "REJ", "Sr", 0, 0),
        (OPEN[:2], "S1", "Sh", 0, 0),
        (OPEN + DATA, "S1", "ShADd", 5, 6),
        (OPEN + DATA + CLOSE, "SF", "ShADdFf", 5, 6),
        (OPEN + DATA + CLOSE[:1], "S2", "ShADdF", 5, 6),
        (OPEN + DATA + [("FA", True, 507, 106, b"")], "S3", "ShADdf", 5, 6),
        (OPEN + DATA + [("R", False, 106, 0, b"")], "RSTO", "ShADdR", 5, 6),
        (OPEN + DATA + [("R", True, 507, 0, b"")], "RSTR", "ShADdr", 5, 6),
        (OPEN[:1] + [("R", False, 101, 0, b"")], "RSTOS0", "SR", 0, 0),
        (OPEN[:1] + [("FA", False, 101, 0, b"")], "SH", "SF", 0, 0),
        (OPEN[1:2] + [("FA", True, 501, 101, b"")], "SHR", "^hf", 0, 0),
        (DATA, "OTH", "DdA", 5, 6),
        (OPEN + DATA + CLOSE + [("R", False, 107, 0, b"")], "SF", "ShADdFfR", 5, 6),
        ([("SF", False, 100, 0, b"")] * 2, "SH", "Q", 0, 0),
        ([("FR", False, 100, 0, b"")] * 2, "RSTOS0", "I", 0, 0),
    ],
)
def test_state_and_history(
    wire: Any, packet: Any, script: list[Any], state: str, history: str, orig_bytes: int, resp_bytes: int
) -> None:
    wire.table.expect_servers(frozenset({80}), udp=False)
    wire.send(*(packet(f, back=back, seq=seq, ack=ack, data=data) for f, back, seq, ack, data in script))
    (conn,) = wire.finish()
    assert (conn.conn_state, conn.history) == (state, history)
    assert (conn.orig_bytes, conn.resp_bytes) == (orig_bytes, resp_bytes)
    assert conn.orig_pkts + conn.resp_pkts == len(script)


def test_an_answer_from_no_servers_port_is_taken_for_the_beginning(wire: Any, packet: Any) -> None:
    wire.send(packet("SA", back=True, seq=500, ack=101))
    (conn,) = wire.finish()
    assert (conn.orig_p, conn.conn_state, conn.history) == (80, "OTH", "H")


def test_a_syn_behind_its_answer_turns_the_connection_round(wire: Any, packet: Any) -> None:
    wire.send(packet("SA", back=True, seq=500, ack=101), packet("S", seq=100))
    wire.send(*(packet(f, back=b, seq=s, ack=a, data=d) for f, b, s, a, d in OPEN[2:] + DATA + CLOSE))
    (conn,) = wire.finish()
    assert (conn.orig_p, conn.resp_p, conn.conn_state, conn.history) == (40000, 80, "SF", "Hs^ADdFf")
    assert (conn.orig_bytes, conn.resp_bytes, conn.missed_bytes) == (5, 6, 0)
    assert (conn.orig_pkts, conn.resp_pkts) == (6, 3)
    assert (wire.stream(0), wire.stream(1)) == (b"hello", b"world!")


def test_another_syn_behind_an_answer_turns_nothing_round(wire: Any, packet: Any) -> None:
    wire.send(packet("SA", back=True, seq=500, ack=101), packet("S", seq=7000))
    (conn,) = wire.finish()
    assert (conn.orig_p, conn.history) == (80, "Hs")


def test_syn_after_close_is_a_new_connection(wire: Any, packet: Any) -> None:
    wire.send(*(packet(f, back=b, seq=s, ack=a, data=d) for f, b, s, a, d in OPEN + DATA + CLOSE))
    wire.send(packet("S", seq=90000))
    first, second = wire.finish()
    assert (first.conn_state, second.conn_state) == ("SF", "S0")
    assert first.uid != second.uid


def test_repeated_syn_is_the_same_connection(wire: Any, packet: Any) -> None:
    wire.send(packet("S", seq=7), packet("S", seq=7, after=1.0), packet("S", seq=9, after=1.0))
    (conn,) = wire.finish()
    assert conn.history == "SS"
    assert conn.orig_pkts == 3


def test_retransmissions_zero_windows_and_gaps_are_letters(wire: Any, packet: Any) -> None:
    wire.send(*(packet(f, back=b, seq=s, ack=a, data=d) for f, b, s, a, d in OPEN))
    wire.send(*[packet("PA", seq=101, ack=501, data=b"again")] * 12)
    wire.send(packet("A", back=True, seq=501, ack=106, window=0))
    wire.send(packet("A", back=True, seq=501, ack=116))
    (conn,) = wire.finish()
    assert conn.history == "ShADTTawG"
    assert conn.missed_bytes == 10


def test_sequence_numbers_wrap(wire: Any, packet: Any) -> None:
    top = (1 << 32) - 3
    wire.send(
        packet("S", seq=top - 1),
        packet("SA", back=True, seq=500, ack=top),
        packet("PA", seq=top, ack=501, data=b"abcdef"),
        packet("PA", seq=top + 6, ack=501, data=b"ghi"),
        packet("FA", seq=top + 9, ack=501),
    )
    (conn,) = wire.finish()
    assert wire.stream(0) == b"abcdefghi"
    assert (conn.orig_bytes, conn.missed_bytes) == (9, 0)
