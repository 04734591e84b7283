"""SIP: registrations, calls, provisional answers, over UDP and TCP."""

from __future__ import annotations

import pytest

from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.sip import MAX_HEAD, MAX_PATH, Sip


def request(method: bytes, extra=b"", body=b"") -> bytes:
    return (
        b"%s sip:gov.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK1\r\n"
        b'From: "Li" <sip:li@gov.test>;tag=49583\r\nt: <sip:li@gov.test>\r\nCall-ID: a1@192.0.2.10\r\n'
        b"CSeq: 1 %s\r\nUser-Agent: Phone\r\n%sContent-Length: %d\r\n\r\n%s"
        % (method, method, extra, len(body), body)
    )


def response(code: int, reason: bytes, body=b"") -> bytes:
    return (
        b"SIP/2.0 %d %s\r\nVia: SIP/2.0/UDP 192.0.2.10:5060; branch=z9hG4bK1\r\nf: <sip:li@gov.test>; tag=1\r\n"
        b"To: <sip:li@gov.test>;tag=9\r\nWarning: 399 x\r\nContent-Type: application/sdp\r\nl: %d\r\n\r\n%s"
        % (code, reason, len(body), body)
    )


TALK = [
    (True, request(b"REGISTER")),
    (False, response(401, b"Unauthorized")),
    (True, request(b"INVITE", b"Subject: talk\r\n", b"v=0\r\n")),
    (False, response(100, b"Trying")),
    (False, response(200, b"OK", b"v=0\r\no=-\r\n")),
    (True, request(b"ACK")),
    (True, request(b"BYE")),
    (False, response(200, b"OK")),
]


@pytest.fixture(params=["udp", "tcp"])
def told(request, wire):
    wire.proto = request.param
    analyzer = Sip(wire, wire.events.append, ProtocolSettings())
    for is_orig, data in TALK:
        analyzer.feed(is_orig, data, 1.0)
    analyzer.finish(2.0)
    return wire.of("sip")


def test_each_response_with_its_request(told):
    assert [(event.method, event.status_code, event.status_msg) for event in told] == [
        ("REGISTER", 401, "Unauthorized"),
        ("INVITE", 100, "Trying"),
        ("INVITE", 200, "OK"),
        ("BYE", 200, "OK"),
    ]


def test_fields(told):
    invite = told[2]
    assert (invite.uri, invite.call_id, invite.seq, invite.subject) == (
        "sip:gov.test",
        "a1@192.0.2.10",
        "1 INVITE",
        "talk",
    )
    assert (invite.request_from, invite.request_to) == ('"Li" <sip:li@gov.test>', "<sip:li@gov.test>")
    assert (invite.response_from, invite.response_to) == ("<sip:li@gov.test>", "<sip:li@gov.test>;tag=9")
    assert invite.request_path == ["SIP/2.0/UDP 192.0.2.10:5060"]
    assert (invite.user_agent, invite.warning, invite.content_type) == ("Phone", "399 x", "application/sdp")
    assert (invite.request_body_len, invite.response_body_len, invite.trans_depth) == (5, 10, 0)


def test_request_without_answer(speak):
    (told,) = speak(Sip, [(True, request(b"OPTIONS"))]).of("sip")
    assert (told.method, told.status_code) == ("OPTIONS", None)


def test_stream_cut_anywhere(speak, bytewise):
    whole, pieces = speak(Sip, TALK).events, speak(Sip, bytewise(TALK)).events
    for event in whole + pieces:
        event.ts = 0.0
    assert whole == pieces and len(whole) == 4


def test_bodies_are_skipped(wire):
    analyzer = Sip(wire, wire.events.append, ProtocolSettings())
    analyzer.feed(True, request(b"MESSAGE", body=b"x" * 5000)[:500], 0.0)
    analyzer.gap(True, 4000, 0.0)
    assert not analyzer.done
    analyzer.gap(True, 4000, 0.0)
    assert analyzer.done


def test_caps(speak):
    assert (
        "SIP_head_too_long" in speak(Sip, [(True, b"INVITE sip:a SIP/2.0\r\nX: " + b"y" * MAX_HEAD)]).weirds
    )
    paths = b"Via: a\r\n" * 100
    assert len(speak(Sip, [(True, request(b"BYE", paths))]).of("sip")[0].request_path) == MAX_PATH
    assert "unknown_SIP_method" in speak(Sip, [(True, request(b"EVIL"))]).weirds
    assert "SIP_bad_first_line" in speak(Sip, [(True, b"nonsense\r\n\r\n")]).weirds


def test_sturdy(sturdy):
    sturdy(Sip, TALK)


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (request(b"INVITE"), True),
        (response(200, b"OK"), True),
        (b"REGISTER sip:a", None),
        (b"REG", None),
        (b"OPTIONS / HTTP/1.1\r\n", False),
        (b"OPTIONS sip:a HTTP/1.1\r\n", False),
        (b"NOTIFY * HTTP/1.1\r\n", False),
        (b"INFO\r\n", False),
        (b"GET / HTTP/1.1\r\n", False),
        (b"\x05\x01\x00", False),
    ],
)
def test_recognition(data, answer):
    assert Sip.recognise(data, True, "tcp") is answer
