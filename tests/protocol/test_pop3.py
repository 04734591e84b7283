"""POP3: log-ins of every kind, STLS."""

from __future__ import annotations

from base64 import b64encode

import pytest

from sentinel.protocol.pop3 import MAX_PENDING, Pop3

GREETING = (False, b"+OK Dovecot ready.\r\n")
TALK = [
    GREETING,
    (True, b"CAPA\r\n"),
    (False, b"+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n"),
    (True, b"USER li\r\n"),
    (False, b"+OK\r\n"),
    (True, b"PASS wrong\r\n"),
    (False, b"-ERR [AUTH] Authentication failed.\r\n"),
    (True, b"USER li\r\nPASS right\r\n"),
    (False, b"+OK\r\n+OK Logged in.\r\n"),
    (True, b"LIST\r\n"),
]


def told(wire):
    return [(event.user, event.success, event.method, event.message) for event in wire.of("auth")]


def test_log_ins(speak):
    wire = speak(Pop3, TALK)
    assert told(wire) == [
        ("li", False, "password", "[AUTH] Authentication failed."),
        ("li", True, "password", "Logged in."),
    ]
    event = wire.of("auth")[0]
    assert (event.service, event.source, event.uid) == ("pop3", "traffic", wire.uid)
    assert (event.src, event.src_port, event.host) == ("192.0.2.10", 40000, "198.51.100.20")


@pytest.mark.parametrize(
    ("talk", "expected"),
    [
        (
            [(True, b"APOP mrose c4c9334bac560ecc\r\n"), (False, b"-ERR no\r\n")],
            ("mrose", False, "APOP", "no"),
        ),
        (
            [
                (True, b"AUTH PLAIN\r\n"),
                (False, b"+ \r\n"),
                (True, b64encode(b"\0li\0x") + b"\r\n"),
                (False, b"+OK\r\n"),
            ],
            ("li", True, "PLAIN", None),
        ),
        (
            [(True, b"AUTH PLAIN " + b64encode(b"\0li\0x") + b"\r\n"), (False, b"-ERR\r\n")],
            ("li", False, "PLAIN", None),
        ),
    ],
)
def test_other_log_ins(speak, talk, expected):
    assert told(speak(Pop3, [GREETING, *talk])) == [expected]


def test_stls(speak, client_hello):
    wire = speak(Pop3, [GREETING, (True, b"STLS\r\n"), (False, b"+OK go\r\n"), (True, client_hello)])
    assert len(wire.of("ssl")) == 1


def test_mail_is_left_alone(wire):
    analyzer = Pop3(wire, wire.events.append, None)
    for is_orig, data in TALK:
        if not analyzer.done:
            analyzer.feed(is_orig, data, 0.0)
    assert analyzer.done


def test_caps(speak):
    assert (
        "POP3_too_many_pending_commands"
        in speak(Pop3, [GREETING, (True, b"NOOP\r\n" * (MAX_PENDING + 1))]).weirds
    )


def test_sturdy(sturdy):
    sturdy(Pop3, TALK)


@pytest.mark.parametrize(
    ("data", "is_orig", "answer"),
    [
        (b"+OK Dovecot ready.\r\n", False, True),
        (b"+OK\r\n", False, False),  # Redis
        (b"+O", False, None),
        (b"+PONG\r\n", False, False),
        (b"CAPA\r\n", True, True),
        (b"STLS\r\n", True, True),
        (b"USER li\r\n", True, None),
        (b"GET / HTTP/1.1\r\n", True, False),
    ],
)
def test_recognition(data, is_orig, answer):
    assert Pop3.recognise(data, is_orig, "tcp") is answer
