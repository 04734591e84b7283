"""IMAP: log-ins of every kind, literals, STARTTLS."""

from __future__ import annotations

from base64 import b64encode

import pytest

from sentinel.protocol.imap import MAX_PENDING, Imap

GREETING = (False, b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
TALK = [
    GREETING,
    (True, b"a1 CAPABILITY\r\n"),
    (False, b"* CAPABILITY IMAP4rev1\r\na1 OK done\r\n"),
    (True, b'a2 LOGIN "li si" "wr\\"ong"\r\n'),
    (False, b"a2 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n"),
    (True, b"a3 LOGIN {2}\r\n"),
    (False, b"+ go\r\n"),
    (True, b"li {5}\r\n"),
    (False, b"+ go\r\n"),
    (True, b"right\r\n"),
    (False, b"a3 OK Logged in\r\n"),
    (True, b"a4 SELECT INBOX\r\n"),
]


def told(wire):
    return [(event.user, event.success, event.method, event.message) for event in wire.of("auth")]


def test_log_ins(speak):
    assert told(speak(Imap, TALK)) == [
        ("li si", False, "password", "[AUTHENTICATIONFAILED] Authentication failed."),
        ("li", True, "password", "Logged in"),
    ]


def test_sasl(speak):
    token = b64encode(b"\0li\0x")
    talk = [
        GREETING,
        (True, b"a AUTHENTICATE PLAIN\r\n"),
        (False, b"+ \r\n"),
        (True, token + b"\r\n"),
        (False, b"a NO\r\n"),
    ]
    talk += [(True, b"b AUTHENTICATE PLAIN " + token + b"\r\n"), (False, b"b OK in\r\n")]
    assert told(speak(Imap, talk)) == [("li", False, "PLAIN", None), ("li", True, "PLAIN", "in")]


def test_starttls(speak, client_hello):
    wire = speak(Imap, [GREETING, (True, b"a STARTTLS\r\n"), (False, b"a OK go\r\n"), (True, client_hello)])
    assert len(wire.of("ssl")) == 1


def test_preauthenticated_and_bounded(wire):
    analyzer = Imap(wire, wire.events.append, None)
    analyzer.feed(False, b"* PREAUTH hello\r\n", 0.0)
    assert analyzer.done
    analyzer = Imap(wire, wire.events.append, None)
    analyzer.feed(True, b"".join(b"t%d NOOP\r\n" % number for number in range(500)), 0.0)
    assert len(analyzer._pending) == MAX_PENDING


def test_sturdy(sturdy):
    sturdy(Imap, TALK)


@pytest.mark.parametrize(
    ("data", "is_orig", "answer"),
    [
        (b"* OK IMAP4 ready\r\n", False, True),
        (b"* PREAUTH in\r\n", False, True),
        (b"* O", False, None),
        (b"*2\r\n$3\r\n", False, False),
        (b"a1 LOGIN li x\r\n", True, True),
        (b"A142 starttls\r\n", True, True),
        (b"a1 LOG", True, None),
        (b"GET / HTTP/1.1\r\n", True, False),
        (b"NICK a\r\n", True, False),
    ],
)
def test_recognition(data, is_orig, answer):
    assert Imap.recognise(data, is_orig, "tcp") is answer
