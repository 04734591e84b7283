"""RADIUS: accepted, refused, challenged, unanswered."""

from __future__ import annotations

from struct import pack

import pytest

from sentinel.protocol.radius import MAX_OPEN, Radius


def packet(code: int, number=1, **attributes: bytes) -> bytes:
    body = b"".join(bytes([int(kind[1:]), len(value) + 2]) + value for kind, value in attributes.items())
    return pack("!BBH", code, number, 20 + len(body)) + bytes(16) + body


REQUEST = packet(
    1, a1=b"li", a2=bytes(16), a31=b"00-11-22-AA-BB-CC", a66=b"203.0.113.9", a77=b"CONNECT 54Mbps"
)
TALK = [(True, REQUEST), (False, packet(2, a8=b"\x0a\x00\x00\x05", a18=b"Welcome"))]


def test_accepted(speak):
    (told,) = speak(Radius, TALK).of("radius")
    assert (told.username, told.mac, told.result) == ("li", "00:11:22:aa:bb:cc", "success")
    assert (told.framed_addr, told.reply_msg) == ("10.0.0.5", "Welcome")
    assert (told.tunnel_client, told.connect_info) == ("203.0.113.9", "CONNECT 54Mbps")
    assert told.ttl == pytest.approx(0.001, abs=1e-6)


def test_refused(speak):
    (told,) = speak(Radius, [(True, REQUEST), (False, packet(3, a18=b"No"))]).of("radius")
    assert (told.username, told.result, told.reply_msg) == ("li", "failed", "No")


def test_challenge_is_one_log_in(speak):
    talk = [
        (True, REQUEST),
        (False, packet(11, a24=b"state", a18=b"Code?")),
        (True, packet(1, 2, a1=b"li", a24=b"state")),
        (False, packet(3, 2)),
    ]
    (told,) = speak(Radius, talk).of("radius")
    assert (told.result, told.reply_msg) == ("failed", "Code?")


def test_many_at_once(speak):
    talk = [
        (True, packet(1, 1, a1=b"a")),
        (True, packet(1, 2, a1=b"b")),
        (False, packet(2, 2)),
        (False, packet(3, 1)),
    ]
    assert [(event.username, event.result) for event in speak(Radius, talk).of("radius")] == [
        ("b", "success"),
        ("a", "failed"),
    ]


def test_sent_again_and_never_answered(speak):
    (told,) = speak(Radius, [(True, REQUEST), (True, REQUEST)]).of("radius")
    assert told.result == "unknown" and told.ttl is None
    told = speak(Radius, [(True, packet(1, a1=b"a")), (True, packet(1, a1=b"b"))]).of("radius")
    assert [event.username for event in told] == ["a", "b"]


def test_challenges_are_bounded(speak):
    talk = [(False, packet(11, 1, a24=b"%d" % number)) for number in range(MAX_OPEN + 9)]
    assert len(speak(Radius, talk, finish=False).of("radius")) == 9


def test_accounting_is_not_told(speak):
    assert not speak(Radius, [(True, packet(4, a40=bytes(4))), (False, packet(5))]).events


def test_sturdy(sturdy):
    sturdy(Radius, TALK)


@pytest.mark.parametrize(
    ("data", "is_orig", "answer"),
    [
        (REQUEST, True, True),
        (REQUEST, False, False),
        (TALK[1][1], False, True),
        (REQUEST + b"\x00", True, False),
        (REQUEST[:-1], True, False),
        (b"\x01\x00\x00\x14" + bytes(16), True, False),
        (b"", True, False),
    ],
)
def test_recognition(data, is_orig, answer):
    assert Radius.recognise(data, is_orig, "udp") is answer
