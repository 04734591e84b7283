"""MongoDB: log-ins by SCRAM and PLAIN, old and new messages."""

from __future__ import annotations

from struct import pack

import pytest

from sentinel.protocol.mongodb import MAX_MESSAGES, Mongodb


def document(**fields) -> bytes:
    body = b""
    for name, value in fields.items():
        key = name.encode() + b"\x00"
        if isinstance(value, bool):
            body += b"\x08" + key + bytes([value])
        elif isinstance(value, float):
            body += b"\x01" + key + pack("<d", value)
        elif isinstance(value, int):
            body += b"\x10" + key + pack("<i", value)
        elif isinstance(value, bytes):
            body += b"\x05" + key + pack("<iB", len(value), 0) + value
        elif isinstance(value, dict):
            body += b"\x03" + key + document(**value)
        else:
            body += b"\x02" + key + pack("<i", len(value) + 1) + value.encode() + b"\x00"
    return pack("<i", len(body) + 5) + body + b"\x00"


def message(answers=0, **fields) -> bytes:
    body = pack("<I", 0) + b"\x00" + document(**fields)
    return pack("<iiii", len(body) + 16, 1, answers, 2013) + body


def query(**fields) -> bytes:
    body = pack("<I", 0) + b"admin.$cmd\x00" + pack("<ii", 0, -1) + document(**fields)
    return pack("<iiii", len(body) + 16, 1, 0, 2004) + body


def reply(**fields) -> bytes:
    body = pack("<iqii", 8, 0, 0, 1) + document(**fields)
    return pack("<iiii", len(body) + 16, 2, 1, 1) + body


HELLO = (True, message(hello=1, client={"name": "x"}))
TALK = [
    HELLO,
    (False, message(1, ok=1.0)),
    (True, message(saslStart=1, mechanism="SCRAM-SHA-256", payload=b"n,,n=li,r=abc", **{"$db": "admin"})),
    (False, message(1, conversationId=1, done=False, payload=b"r=abc", ok=1.0)),
    (True, message(saslContinue=1, payload=b"c=biws", **{"$db": "admin"})),
    (False, message(1, ok=0.0, errmsg="Authentication failed.", code=18)),
    (True, query(saslStart=1, mechanism="PLAIN", payload=b"\0wang\0x")),
    (False, reply(done=True, ok=1.0)),
    (True, message(find="users")),
]


def told(wire):
    return [
        (event.service, event.user, event.success, event.method, event.message) for event in wire.of("auth")
    ]


def test_log_ins(speak):
    assert told(speak(Mongodb, TALK)) == [
        ("mongodb", "li", False, "SCRAM-SHA-256", "Authentication failed."),
        ("mongodb", "wang", True, "PLAIN", None),
    ]


def test_without_log_in_it_is_let_go(wire):
    analyzer = Mongodb(wire, wire.events.append, None)
    for _ in range(MAX_MESSAGES + 1):
        analyzer.feed(True, message(find="users"), 0.0)
    assert analyzer.done and not wire.events


def test_large_messages_are_skipped(wire):
    analyzer = Mongodb(wire, wire.events.append, None)
    big = message(insert="t", data=bytes(100_000))
    analyzer.feed(True, big[:9000], 0.0)
    analyzer.gap(True, 1000, 0.0)
    assert not analyzer.done
    analyzer.gap(True, 1 << 20, 0.0)
    assert analyzer.done


def test_sturdy(sturdy):
    sturdy(Mongodb, TALK)


@pytest.mark.parametrize(
    ("data", "is_orig", "answer"),
    [
        (HELLO[1], True, True),
        (query(isMaster=1), True, True),
        (HELLO[1][:10], True, None),
        (HELLO[1][:20], True, None),
        (pack("<iiii", 100, 1, 0, 9999) + bytes(84), True, False),
        (pack("<iiii", 100, 1, 0, 2004) + b"nodot\x00" + bytes(80), True, False),
        (b"GET / HTTP/1.1\r\nHost", True, False),
    ],
)
def test_recognition(data, is_orig, answer):
    assert Mongodb.recognise(data, is_orig, "tcp") is answer
