"""STUN, and what comes after it on the same ports."""

from __future__ import annotations

import pytest

from sentinel.protocol.analyzer import Analyzer
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.stun import MAX_DATAGRAMS, Stun

REQUEST = b"\x00\x01\x00\x08\x21\x12\xa4\x42" + bytes(12) + b"\x80\x22\x00\x04test"
OLD = b"\x00\x01\x00\x08" + bytes(range(16)) + b"\x00\x03\x00\x04" + bytes(4)


def test_others_follow(wire):
    analyzer = Stun(wire, wire.events.append, ProtocolSettings())
    analyzer.feed(True, REQUEST, 0.0)
    assert not analyzer.done
    analyzer.feed(True, b"\x16\xfe\xfd", 0.0)
    assert (
        analyzer.done
        and analyzer.successor is Analyzer
        and list(analyzer.unread) == [(True, b"\x16\xfe\xfd")]
    )


def test_endless_checks_are_let_go(wire):
    analyzer = Stun(wire, wire.events.append, ProtocolSettings())
    for _ in range(MAX_DATAGRAMS + 1):
        analyzer.feed(True, REQUEST, 0.0)
    assert analyzer.done and analyzer.successor is None


def test_sturdy(sturdy):
    sturdy(Stun, [(True, REQUEST), (False, OLD)])


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (REQUEST, True),
        (OLD, True),
        (REQUEST + b"\x00", False),
        (REQUEST[:-4], False),
        (b"\x00\x01\x00\x00" + bytes(16), False),
        (OLD[:22] + b"\x00\x40" + OLD[24:], False),
        (b"\x80" + REQUEST[1:], False),
        (b"", False),
    ],
)
def test_recognition(data, answer):
    assert Stun.recognise(data, True, "udp") is answer
