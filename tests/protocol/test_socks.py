"""SOCKS 4, 4a and 5: requests, refused log-ins, and what is carried."""

from __future__ import annotations

import pytest

from sentinel.protocol.analyzer import Analyzer
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.socks import Socks

HELLO = b"\x05\x02\x00\x02"
NAMED = b"\x05\x01\x00\x03\x08gov.test\x01\xbb"
GRANTED = b"\x05\x00\x00\x01\x0a\x00\x00\x01\x1f\x90"
TALK = [
    (True, HELLO),
    (False, b"\x05\x02"),
    (True, b"\x01\x02li\x06secret"),
    (False, b"\x01\x00"),
    (True, NAMED),
    (False, GRANTED),
]


def told(wire):
    (event,) = wire.of("socks")
    return event


def test_version_5(speak):
    event = told(speak(Socks, TALK))
    assert (event.version, event.user, event.password, event.status) == (5, "li", "<hidden>", "succeeded")
    assert (event.request_name, event.request_host, event.request_p) == ("gov.test", None, 443)
    assert (event.bound_host, event.bound_p) == ("10.0.0.1", 8080)


def test_version_5_addresses(speak):
    v6 = b"\x05\x01\x00\x04" + bytes(15) + b"\x01\x00\x50"
    event = told(
        speak(
            Socks,
            [
                (True, b"\x05\x01\x00"),
                (False, b"\x05\x00"),
                (True, v6),
                (False, b"\x05\x05\x00\x01" + bytes(6)),
            ],
        )
    )
    assert (event.request_host, event.status) == ("::1", "Connection refused")


def test_refused_log_in(speak):
    event = told(speak(Socks, [*TALK[:3], (False, b"\x01\x01")]))
    assert (event.user, event.status) == ("li", "general SOCKS server failure")
    event = told(speak(Socks, [(True, HELLO), (False, b"\x05\xff")]))
    assert event.status == "no acceptable authentication method"


@pytest.mark.parametrize(
    ("request_", "host", "name"),
    [
        (b"\x04\x01\x00\x50\xc0\x00\x02\x01li\x00", "192.0.2.1", None),
        (b"\x04\x01\x00\x50\x00\x00\x00\x01li\x00gov.test\x00", None, "gov.test"),
    ],
)
def test_version_4(speak, request_, host, name):
    event = told(speak(Socks, [(True, request_), (False, b"\x00\x5a\x00\x50\x0a\x00\x00\x01")]))
    assert (event.version, event.user, event.request_host, event.request_name) == (4, "li", host, name)
    assert (event.status, event.request_p) == ("succeeded", 80)


def test_what_is_carried_is_handed_on(wire):
    analyzer = Socks(wire, wire.events.append, ProtocolSettings())
    hasty = [
        (True, b"\x05\x01\x00" + NAMED + b"GET / HTTP/1.1\r\n"),
        (False, b"\x05\x00" + GRANTED + b"HTTP"),
    ]
    for is_orig, data in hasty:
        analyzer.feed(is_orig, data, 0.0)
    assert analyzer.successor is Analyzer
    assert list(analyzer.unread) == [(True, b"GET / HTTP/1.1\r\n"), (False, b"HTTP")]
    (tunnel,) = wire.of("tunnel")
    assert (tunnel.tunnel_type, tunnel.action, tunnel.orig_p) == ("Tunnel::SOCKS", "Tunnel::DISCOVER", 0)


def test_password_is_shown_where_the_site_wants_it(speak):
    assert told(speak(Socks, TALK, ProtocolSettings(mask_passwords=False))).password == "secret"


def test_other_talk_is_let_go(speak):
    assert "SOCKS_invalid_message" in speak(Socks, [(True, HELLO), (False, b"HTTP/1.1")]).weirds
    wire = speak(Socks, [(True, HELLO), (True, NAMED + bytes(20_000))])
    assert "SOCKS_message_too_long" in wire.weirds


def test_sturdy(sturdy):
    sturdy(Socks, TALK)
    sturdy(
        Socks,
        [(True, b"\x04\x01\x00\x50\x00\x00\x00\x01li\x00gov.test\x00"), (False, b"\x00\x5b" + bytes(6))],
    )


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"\x05", None),
        (b"\x05\x01\x00", True),
        (HELLO, True),
        (HELLO + NAMED, True),
        (b"\x05\x02\x00", None),
        (b"\x05\x00\x0b\x03\x10\x00", False),  # DCE-RPC
        (b"\x05\x64\x00\x00\x01\x00", False),  # DNP3
        (b"\x05\x01\xff", False),
        (b"\x04\x01\x00\x50\xc0\x00\x02\x01li\x00", True),
        (b"\x04\x01\x00\x50\xc0\x00\x02\x01li", None),
        (b"\x04\x01\x00\x50\xc0\x00\x02\x01\xff\x00", False),
        (b"\x04\x05\x00", False),
    ],
)
def test_recognition(data, answer):
    assert Socks.recognise(data, True, "tcp") is answer
    assert Socks.recognise(data, False, "tcp") is False
