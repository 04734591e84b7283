"""LDAP: operations with results, searches with filters, log-ins, StartTLS, SASL layers, datagrams."""

from __future__ import annotations

import struct

import pytest
from ntlm_messages import authenticate, challenge, initial, negotiate, response
from tlv import number, sequence, tlv

from sentinel.protocol.ldap import MAX_MESSAGE, MAX_PENDING, Cldap, Ldap
from sentinel.protocol.ldap_filter import filter_text
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.tls import Tls


def text(value, tag=4):
    return tlv(tag, value.encode() if isinstance(value, str) else value)


def message(ident, tag, *parts):
    return sequence(number(ident), tlv(tag, *parts))


def bind(ident, name="cn=a", password="secret"):
    return message(ident, 0x60, number(3), text(name), text(password, 0x80))


def sasl_bind(ident, token, mechanism="GSS-SPNEGO"):
    return message(ident, 0x60, number(3), text(""), tlv(0xA3, text(mechanism), text(token)))


def result(ident, tag, code=0, words="", extra=b"", matched=""):
    return message(ident, tag, number(code, 0x0A), text(matched), text(words), extra)


def equal(name, value, tag=0xA3):
    return tlv(tag, text(name), text(value))


def search(ident, what, base="dc=city,dc=gov", attributes=("cn", "mail")):
    return message(
        ident,
        0x63,
        text(base),
        number(2, 0x0A),
        number(0, 0x0A),
        number(0),
        number(0),
        tlv(1, b"\0"),
        what,
        sequence(*map(text, attributes)),
    )


def entry(ident):
    return message(ident, 0x64, text("cn=x"), sequence())


def told(wire):
    return [(e.message_id, e.opcode, e.result, e.object, e.argument) for e in wire.of("ldap")]


def test_simple_bind_hides_its_password(speak):
    talk = [(True, bind(1)), (False, result(1, 0x61)), (True, bind(2)), (False, result(2, 0x61, 49, "no\0"))]
    wire = speak(Ldap, talk)
    assert told(wire) == [
        (1, "bind simple", "success", "cn=a", "REDACTED"),
        (2, "bind simple", "invalid credentials", "cn=a", "REDACTED"),
    ]
    assert [e.version for e in wire.of("ldap")] == [3, 3] and wire.of("ldap")[1].diagnostic_message == "no"
    assert told(speak(Ldap, talk, ProtocolSettings(mask_passwords=False)))[0][4] == "secret"


def test_search(speak):
    what = tlv(0xA0, tlv(0x87, b"objectclass"), equal("cn", "x"))
    (event,) = speak(Ldap, [(True, search(7, what)), (False, entry(7) * 3 + result(7, 0x65))]).events
    assert (event.kind, event.scope, event.deref_aliases, event.base_object) == (
        "ldap_search",
        "tree",
        "never",
        "dc=city,dc=gov",
    )
    assert (event.result_count, event.result, event.filter) == (3, "success", "(&(objectclass=*)(cn=x))")
    assert event.attributes == ["cn", "mail"]


@pytest.mark.parametrize(
    ("built", "written"),
    [
        (tlv(0xA1, equal("a", "1"), equal("b", "2", 0xA5)), "(|(a=1)(b>=2))"),
        (tlv(0xA2, equal("a", "1", 0xA6)), "(!(a<=1))"),
        (
            tlv(0xA4, text("cn"), sequence(text("ad", 0x80), text("mi", 0x81), text("n", 0x82))),
            "(cn=ad*mi*n)",
        ),
        (tlv(0xA4, text("cn"), sequence(text("x", 0x81))), "(cn=*x*)"),
        (
            tlv(0xA9, text("1.2.840.113556.1.4.803", 0x81), text("uac", 0x82), text("2", 0x83)),
            "(uac:1.2.840.113556.1.4.803:=2)",
        ),
        (tlv(0xA9, text("o", 0x82), text("x", 0x83), tlv(0x84, b"\xff")), "(o:dn:=x)"),
        (equal("NtVer", b"\x16\0\0\x20"), "(NtVer=0x20000016)"),
        (equal("objectSid", bytes.fromhex("010200000000000520000000200200 00")), "(objectSid=S-1-5-32-544)"),
        (equal("a", "x)(cn=*"), "(a=x\\29\\28cn=\\2a)"),
        (equal("a", "党委办公室"), "(a=党委办公室)"),
        (equal("guid", b"\xff\0"), "(guid=\\ff\\00)"),
        (tlv(0xB0), "(?)"),
        (tlv(0xA3), "(=)"),
    ],
)
def test_filters(built, written):
    assert filter_text(built, (built[0], 0, 2, len(built))) == written


def test_deep_and_long_filters_end():
    deep = equal("a", "1")
    for _ in range(500):
        deep = tlv(0xA2, deep)
    assert "(…)" in filter_text(b"\0" + deep, (0xA2, 1, 1 + len(deep) - len(deep[4:]), 1 + len(deep)))
    wide = tlv(0xA1, *[equal("attribute", str(value)) for value in range(5000)])
    assert len(filter_text(wide, (0xA1, 0, 4, len(wide)))) < 4200


def test_changes(speak):
    change = sequence(sequence(number(2, 0x0A), sequence(text("pw"), tlv(0x31, text("x"), text("y")))))
    wire = speak(
        Ldap,
        [
            (True, message(1, 0x66, text("cn=a"), change) + message(2, 0x4A, b"cn=b")),
            (False, result(2, 0x6B, 50) + result(1, 0x67)),
            (True, message(3, 0x6C, text("cn=a"), text("cn=c"), tlv(1, b"\xff"))),
            (True, message(4, 0x6E, text("cn=a"), sequence(text("uid"), text("7")))),
            (True, message(5, 0x68, text("cn=new"), sequence()) + message(6, 0x50, b"\4") + message(7, 0x42)),
        ],
    )
    assert told(wire) == [
        (2, "delete", "insufficient access rights", "cn=b", None),
        (1, "modify", "success", "cn=a", "replace(pw=x,y)"),
        (6, "abandon", None, None, "4"),
        (7, "unbind", None, None, None),
        (3, "modify", None, "cn=a", "cn=c"),
        (4, "compare", None, "cn=a", "uid=7"),
        (5, "add", None, "cn=new", None),
    ]


def test_ntlm_inside(speak):
    wire = speak(
        Ldap,
        [
            (True, sasl_bind(1, initial(negotiate()))),
            (False, result(1, 0x61, 14, extra=text(response(challenge(), 1), 0x87))),
            (True, sasl_bind(2, response(authenticate("root")))),
            (False, result(2, 0x61, 49)),
        ],
    )
    (login,) = wire.of("ntlm")
    assert (login.username, login.server_nb_computer_name, login.success) == ("root", "DC1", False)
    assert [e.argument for e in wire.of("ldap")] == ["GSS-SPNEGO"] * 2


def test_sicily(speak):
    wire = speak(
        Ldap,
        [
            (True, message(1, 0x60, number(3), text("NTLM"), text(negotiate(), 0x8A))),
            (False, result(1, 0x61, 0, matched=challenge())),
            (True, message(2, 0x60, number(3), text(""), text(authenticate(), 0x8B))),
            (False, result(2, 0x61, 0)),
        ],
    )
    assert [e.opcode for e in wire.of("ldap")] == ["bind sicily_negotiate", "bind sicily_response"]
    (login,) = wire.of("ntlm")
    assert (login.username, login.server_nb_computer_name, login.success) == ("alice", "DC1", True)


def test_start_tls_hands_over(wire):
    analyzer = Ldap(wire, wire.events.append, ProtocolSettings())
    analyzer.feed(True, message(1, 0x77, text("1.3.6.1.4.1.1466.20037", 0x80)), 1.0)
    analyzer.feed(False, result(1, 0x78), 1.0)
    assert analyzer.done and analyzer.successor is Tls
    assert wire.events[0].object == "1.3.6.1.4.1.1466.20037 (StartTLS)"


def layered(*tokens):
    return b"".join(len(token).to_bytes(4, "big") + token for token in tokens)


def test_signed_layers_are_read_and_sealed_ones_let_go(wire):
    analyzer = Ldap(wire, wire.events.append, ProtocolSettings())
    analyzer.feed(True, sasl_bind(1, b"x", "GSSAPI"), 1.0)
    analyzer.feed(False, result(1, 0x61), 1.0)
    signed = b"\x05\x04\x00\xff" + struct.pack(">HHQ", 12, 12, 1) + b"c" * 12 + message(2, 0x4A, b"cn=b")
    by_ntlm = b"\1\0\0\0" + b"c" * 12 + message(3, 0x4A, b"cn=c")
    analyzer.feed(True, layered(signed, by_ntlm), 1.0)
    assert not analyzer.done
    sealed = b"\x05\x04\x02\xff" + struct.pack(">HHQ", 12, 28, 1) + b"?" * 60
    analyzer.feed(True, layered(sealed), 1.0)
    assert analyzer.done and analyzer.encrypted
    assert [e.object for e in wire.of("ldap")] == [None, "cn=b", "cn=c"]


def test_datagrams(speak):
    what = tlv(0xA0, equal("DnsDomain", "city.gov"), equal("NtVer", b"\6\0\0\0"))
    wire = speak(Cldap, [(True, search(9, what, "")), (False, entry(9) + result(9, 0x65))])
    (event,) = wire.events
    assert (event.result_count, event.filter) == (1, "(&(DnsDomain=city.gov)(NtVer=0x00000006))")


def test_byte_by_byte_tells_the_same(speak, bytewise):
    talk = [
        (True, bind(1) + search(2, equal("a", "b"))),
        (False, result(1, 0x61) + entry(2) + result(2, 0x65)),
    ]
    whole, pieces = speak(Ldap, talk).events, speak(Ldap, bytewise(talk)).events
    for event in whole + pieces:
        event.ts = 0.0
    assert pieces == whole and len(whole) == 2


def test_pending_requests_and_searches_are_bounded(speak):
    many = range(1, 3 * MAX_PENDING)
    wire = speak(Ldap, [(True, search(ident, equal("a", "b")) + bind(ident)) for ident in many])
    assert len(wire.of("ldap")) == len(wire.of("ldap_search")) == len(many)
    assert set(wire.weirds) == {"LDAP_too_many_pending_requests", "LDAP_too_many_pending_searches"}


def test_the_head_of_a_long_entry_counts(speak):
    long = message(1, 0x64, text("cn=x"), sequence(text("y" * (MAX_MESSAGE + 7))))
    wire = speak(Ldap, [(True, search(1, equal("a", "b"))), (False, long + entry(1) + result(1, 0x65))])
    assert [e.result_count for e in wire.events] == [2]


def test_garbage_after_a_bind(speak):
    wire = speak(Ldap, [(True, bind(1) + b"\xff" * 50)])
    assert (
        told(wire) == [(1, "bind simple", None, "cn=a", "REDACTED")]
        and "LDAP_unreadable_stream" in wire.weirds
    )


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (bind(1), True),
        (result(1, 0x61), True),
        (b"", None),
        (bind(1)[:5], None),
        (sequence(number(0), text("public"), b"\xa0\x02\0\0"), False),
        (b"\x30\x84\x00", None),
        (b"GET / HT", False),
        (message(1, 0x99), False),
    ],
)
def test_recognition(data, answer):
    assert Ldap.recognise(data, True, "tcp") is answer
    assert Cldap.recognise(data, True, "udp") is bool(answer)


def test_sturdy(sturdy):
    talk = [
        (True, bind(1) + sasl_bind(2, initial(negotiate()))),
        (False, result(1, 0x61) + result(2, 0x61, 14, extra=text(response(challenge(), 1), 0x87))),
        (
            True,
            search(
                3,
                tlv(0xA0, equal("a", "b"), tlv(0x87, b"c"), tlv(0xA4, text("d"), sequence(text("e", 0x80)))),
            ),
        ),
        (False, entry(3) + result(3, 0x65)),
        (
            True,
            message(
                4, 0x66, text("cn=a"), sequence(sequence(number(2, 0x0A), sequence(text("p"), tlv(0x31))))
            ),
        ),
        (True, message(5, 0x77, text("1.3.6.1.4.1.4203.1.11.3", 0x80))),
    ]
    sturdy(Ldap, talk)
    sturdy(Cldap, talk)
