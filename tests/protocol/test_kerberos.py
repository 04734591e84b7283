"""Kerberos: exchanges with the key distribution centre, over datagrams and streams."""

from __future__ import annotations

import pytest
from tlv import member, number, sequence, tlv

from sentinel.event import Kerberos
from sentinel.protocol.kerberos import MAX_MESSAGE, KerberosTcp, KerberosUdp, shown_ticket
from sentinel.protocol.kerberos_message import begins_message


def text(value):
    return tlv(0x1B, value.encode())


def principal(*parts):
    return sequence(member(0, number(1)), member(1, sequence(*map(text, parts))))


def ticket(*service, cipher=23):
    encrypted = sequence(member(0, number(cipher)), member(2, tlv(4, b"secret" * 20)))
    return tlv(
        0x61,
        sequence(
            member(0, number(5)),
            member(1, text("CITY.GOV")),
            member(2, principal(*service)),
            member(3, encrypted),
        ),
    )


def request(kind, service, client=("alice",), options=0x40800000):
    body = [member(0, tlv(3, b"\0" + options.to_bytes(4, "big")))]
    if client:
        body.append(member(1, principal(*client)))
    body += [
        member(2, text("CITY.GOV")),
        member(3, principal(*service)),
        member(5, tlv(0x18, b"20300101000000Z")),
        member(7, number(77)),
    ]
    return tlv(
        0x60 | kind, sequence(member(1, number(5)), member(2, number(kind)), member(4, sequence(*body)))
    )


def reply(kind, service, client=("alice",), cipher=23):
    return tlv(
        0x60 | kind,
        sequence(
            member(0, number(5)),
            member(1, number(kind)),
            member(3, text("CITY.GOV")),
            member(4, principal(*client)),
            member(5, ticket(*service, cipher=cipher)),
            member(6, sequence(member(0, number(18)), member(2, tlv(4, b"x" * 40)))),
        ),
    )


def error(code, explanation=None, service=("krbtgt", "CITY.GOV")):
    parts = [
        member(0, number(5)),
        member(1, number(30)),
        member(6, number(code)),
        member(9, text("CITY.GOV")),
    ]
    parts.append(member(10, principal(*service)))
    if explanation:
        parts.append(member(11, text(explanation)))
    return tlv(0x7E, sequence(*parts))


def framed(*messages):
    return b"".join(len(message).to_bytes(4, "big") + message for message in messages)


TGT = ("krbtgt", "CITY.GOV")


def test_log_in(speak):
    (event,) = speak(KerberosUdp, [(True, request(10, TGT)), (False, reply(11, TGT, cipher=18))]).events
    assert isinstance(event, Kerberos)
    assert (event.request_type, event.client, event.service) == ("AS", "alice/CITY.GOV", "krbtgt/CITY.GOV")
    assert (event.success, event.cipher) == (True, "aes256-cts-hmac-sha1-96")
    assert (event.forwardable, event.renewable) == (True, True)
    assert event.till == 1893456000.0 and event.from_ is None


def test_ticket_for_a_service_takes_its_client_from_the_answer(speak):
    talk = [
        (True, request(12, ("MSSQLSvc", "db.city.gov"), None)),
        (False, reply(13, ("MSSQLSvc", "db.city.gov"))),
    ]
    (event,) = speak(KerberosUdp, talk).events
    assert (event.request_type, event.client) == ("TGS", "alice/CITY.GOV")
    assert (event.service, event.cipher) == ("MSSQLSvc/db.city.gov", "rc4-hmac")


def test_refusals(speak):
    (event,) = speak(KerberosUdp, [(True, request(10, TGT)), (False, error(24))]).events
    assert (event.success, event.error_code, event.error_msg) == (False, 24, "KDC_ERR_PREAUTH_FAILED")
    (event,) = speak(KerberosUdp, [(True, request(10, TGT)), (False, error(6, "CLIENT_NOT_FOUND"))]).events
    assert (event.error_code, event.error_msg) == (6, "CLIENT_NOT_FOUND")


def test_the_ordinary_question_before_a_log_in_is_not_told(speak):
    talk = [(True, request(10, TGT)), (False, error(25, "NEEDED_PREAUTH"))]
    assert speak(KerberosUdp, talk).events == []
    talk += [(True, request(10, TGT)), (False, reply(11, TGT))]
    assert [event.success for event in speak(KerberosUdp, talk).events] == [True]


def test_repeated_datagrams_are_one_request(speak):
    (event,) = speak(KerberosUdp, [(True, request(10, TGT))] * 3).events
    assert event.success is None


def test_every_exchange_of_a_connection_however_it_is_cut(speak, bytewise):
    talk = [
        (True, framed(request(10, TGT), request(12, ("cifs", "fs1")))),
        (False, framed(reply(13, ("cifs", "fs1")))),
        (True, framed(request(12, ("ldap", "dc1")))),
        (False, framed(error(7))),
    ]
    whole, pieces = speak(KerberosTcp, talk).events, speak(KerberosTcp, bytewise(talk)).events
    for event in whole + pieces:
        event.ts = 0.0
    assert [event.service for event in whole] == ["krbtgt/CITY.GOV", "cifs/fs1", "krbtgt/CITY.GOV"]
    assert pieces == whole


def test_a_length_that_is_none_ends_it(speak):
    wire = speak(KerberosTcp, [(True, framed(request(10, TGT)) + b"\xff\xff\xff\xff"), (False, b"x")])
    assert "krb_tcp_bad_length" in wire.weirds and len(wire.events) == 1


def test_a_ticket_shown(wire):
    shown = tlv(
        0x6E,
        sequence(
            member(0, number(5)),
            member(1, number(14)),
            member(2, tlv(3, b"\0\0\0\0\0")),
            member(3, ticket("cifs", "fs1", cipher=17)),
        ),
    )
    event = shown_ticket(wire, shown, 1.0)
    assert (event.request_type, event.service, event.cipher) == ("AP", "cifs/fs1", "aes128-cts-hmac-sha1-96")
    assert shown_ticket(wire, request(10, TGT), 1.0) is None


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (request(10, TGT), True),
        (error(25), True),
        (request(10, TGT)[:9], False),
        (b"\x6a" + b"\0" * 40, False),
        (b"\x30\x20" + b"\0" * 40, False),
        (b"\x60\x82\x01\x00" + b"\x06\x06" * 20, False),
    ],
)
def test_recognition_of_datagrams(data, answer):
    assert KerberosUdp.recognise(data, True, "udp") is answer
    assert begins_message(data) is answer


def test_recognition_of_streams():
    stream = framed(request(10, TGT))
    assert KerberosTcp.recognise(stream, True, "tcp") is True
    assert [KerberosTcp.recognise(stream[:size], True, "tcp") for size in (0, 2, 4, 20)] == [None] * 4
    assert KerberosTcp.recognise(b"\0\0\0\x85\xffSMBr" + b"\0" * 30, True, "tcp") is False
    assert KerberosTcp.recognise((MAX_MESSAGE + 1).to_bytes(4, "big") + b"j", True, "tcp") is False
    assert KerberosTcp.recognise(b"GET / HTTP/1.1", True, "tcp") is False


def test_sturdy(sturdy):
    asked, got = request(12, ("cifs", "fs1")), reply(13, ("cifs", "fs1"))
    sturdy(KerberosUdp, [(True, request(10, TGT)), (False, error(24, "x")), (True, asked), (False, got)])
    sturdy(KerberosTcp, [(True, framed(request(10, TGT), asked)), (False, framed(error(24), got))])
