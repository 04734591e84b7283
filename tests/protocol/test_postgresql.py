"""PostgreSQL: log-ins, errors, queries, encryption."""

from __future__ import annotations

from struct import pack

import pytest

from sentinel.protocol.postgresql import Postgresql


def startup(**fields: str) -> bytes:
    body = b"".join(f"{name}\0{value}\0".encode() for name, value in fields.items()) + b"\x00"
    return pack("!II", len(body) + 8, 3 << 16) + body


def message(kind: bytes, body=b"") -> bytes:
    return kind + pack("!I", len(body) + 4) + body


SSL_REQUEST = pack("!II", 8, 80877103)
AUTH_OK = message(b"R", bytes(4))
READY = message(b"Z", b"I")
DENIED = message(b"E", b'SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "li"\0\0')
TALK = [
    (True, startup(user="li", database="shop", application_name="psql")),
    (False, message(b"R", pack("!I", 10) + b"SCRAM-SHA-256\0\0")),
    (True, message(b"p", b"SCRAM-SHA-256\0...")),
    (
        False,
        message(b"R", pack("!I", 11) + b"r=x")
        + message(b"R", pack("!I", 12) + b"v=x")
        + AUTH_OK
        + message(b"S", b"TimeZone\0UTC\0")
        + READY,
    ),
    (True, message(b"Q", b"SELECT 1\0")),
    (False, message(b"T", b"\0\0") + message(b"D", b"\0\0") * 3 + message(b"C", b"SELECT 3\0") + READY),
    (True, message(b"P", b"s1\0SELECT $1\0\0\0") + message(b"B", b"\0s1\0") + message(b"S")),
    (False, message(b"1") + message(b"2") + message(b"D", b"\0\0") + message(b"C", b"SELECT 1\0") + READY),
    (True, message(b"X")),
]


def test_log_in_and_queries(speak):
    told = speak(Postgresql, TALK).of("postgresql")
    assert {(event.user, event.database, event.application_name) for event in told} == {
        ("li", "shop", "psql")
    }
    assert [(e.frontend, e.frontend_arg, e.backend, e.backend_arg, e.success, e.rows) for e in told] == [
        ("startup", None, "auth_ok", "SASL,SASLContinue,SASLFinal", True, None),
        ("simple_query", "SELECT 1", None, None, True, 3),
        ("parse", "SELECT $1", None, None, True, 1),
        ("terminate", None, None, None, None, None),
    ]


def test_refused_log_in(speak):
    (told,) = speak(
        Postgresql, [TALK[0], (False, message(b"R", pack("!I", 5) + b"salt")), (False, DENIED)]
    ).of("postgresql")
    assert (told.frontend, told.backend, told.success) == ("startup", "auth_request,error", False)
    assert told.backend_arg.startswith(
        "MD5Password,SeverityLocalized=FATAL,Severity=FATAL,Code=28P01,Message=password"
    )


def test_failed_query(speak):
    talk = [
        *TALK[:4],
        (True, message(b"Q", b"SELEC\0")),
        (False, message(b"E", b"SERROR\0C42601\0\0") + READY),
    ]
    told = speak(Postgresql, talk).of("postgresql")[1:]
    assert [(event.frontend_arg, event.backend, event.success) for event in told] == [
        ("SELEC", "error", False)
    ]


def test_encryption_refused_then_log_in(speak):
    told = speak(Postgresql, [(True, SSL_REQUEST), (False, b"N"), *TALK[:4]]).of("postgresql")
    assert [(event.frontend, event.backend_arg, event.success) for event in told] == [
        ("ssl_request", "N", False),
        ("startup", "SASL,SASLContinue,SASLFinal", True),
    ]


def test_tls_takes_over(speak, client_hello):
    wire = speak(Postgresql, [(True, SSL_REQUEST), (False, b"S"), (True, client_hello)])
    assert [event.success for event in wire.of("postgresql")] == [True] and len(wire.of("ssl")) == 1


def test_cancel_and_gss(speak):
    cancel = pack("!IIII", 16, 80877102, 7, 8)
    assert [event.frontend for event in speak(Postgresql, [(True, cancel)]).of("postgresql")] == ["cancel"]
    talk = [(True, pack("!II", 8, 80877104)), (False, b"G"), (True, bytes(99))]
    assert [e.backend for e in speak(Postgresql, talk).of("postgresql")] == ["gss_reply"]


def test_nonsense_ends_the_reading(speak):
    wire = speak(Postgresql, [*TALK[:4], (False, b"\x01\x02\x03")])
    assert "PostgreSQL_invalid_message" in wire.weirds


def test_large_rows_are_skipped(speak):
    talk = [*TALK[:5], (False, message(b"D", bytes(1 << 20)) * 2 + READY)]
    assert speak(Postgresql, talk).of("postgresql")[1].rows == 2


def test_sturdy(sturdy):
    sturdy(Postgresql, TALK)
    sturdy(Postgresql, [(True, SSL_REQUEST), (False, b"N"), TALK[0], (False, DENIED)])


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (TALK[0][1], True),
        (SSL_REQUEST, True),
        (SSL_REQUEST[:5], None),
        (pack("!II", 9, 80877103), False),
        (pack("!II", 40, 2 << 16) + bytes(32), False),
        (pack("!II", 40, 3 << 16) + bytes(32), False),
        (b"\x16\x03\x01", False),
        (b"\x00\x00\x00\x85\xffSMB", False),
    ],
)
def test_recognition(data, answer):
    assert Postgresql.recognise(data, True, "tcp") is answer
    assert Postgresql.recognise(data, False, "tcp") is False
