"""TDS: log-ins in clear and encrypted, batches, procedures, errors."""

from __future__ import annotations

from struct import pack

import pytest

from sentinel.protocol.tds import MAX_TEXT, Tds


def packet(kind: int, body: bytes, status=1) -> bytes:
    return pack("!BBHHBB", kind, status, len(body) + 8, 0, 1, 0) + body


def wide(text: str) -> bytes:
    return text.encode("utf-16-le")


def prelogin(encryption: int) -> bytes:
    options = b"\x00\x00\x0b\x00\x06" + b"\x01\x00\x11\x00\x01" + b"\xff"
    return packet(0x12, options + b"\x10\x00\x00\x00\x00\x00" + bytes([encryption]))


def login7(host="PC-1", user="sa", app="SSMS", database="hr") -> bytes:
    values = {36: host, 40: user, 44: "xx", 48: app, 52: "srv", 56: "", 60: "ODBC", 64: "", 68: database}
    head, body = bytearray(94), b""
    for at, value in values.items():
        head[at : at + 4] = pack("<HH", 94 + len(body), len(value))
        body += wide(value)
    return packet(0x10, bytes(head) + body)


def token(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + pack("<H", len(body)) + body


def error(number: int, text: str) -> bytes:
    return packet(4, token(0xAA, pack("<iBBH", number, 1, 14, len(text)) + wide(text) + bytes(6)))


ACCEPTED = packet(4, token(0xE3, bytes(9)) + token(0xAB, bytes(20)) + token(0xAD, bytes(10)))
DONE = packet(4, b"\xfd" + bytes(12))
START = [(True, prelogin(2)), (False, packet(4, prelogin(2)[8:]))]
SQL = packet(1, pack("<I", 22) + bytes(18) + wide("EXEC xp_cmdshell 'whoami'"))
EXECUTE = packet(
    3,
    pack("<I", 22)
    + bytes(18)
    + b"\xff\xff\x0a\x00\x00\x00"
    + b"\x00\x00\xe7\x40\x1f"
    + bytes(5)
    + pack("<H", 16)
    + wide("SELECT 1"),
)
TALK = [
    *START,
    (True, login7()),
    (False, ACCEPTED),
    (True, SQL),
    (False, error(15281, "SQL Server blocked access")),
    (True, EXECUTE),
    (False, packet(4, b"\x81" + bytes(20), 0) + DONE),
    (True, packet(3, pack("<I", 22) + bytes(18) + pack("<H", 7) + wide("sp_help") + b"\x00\x00")),
    (False, DONE),
]


def told(wire):
    return [(event.cmd, event.arg, event.success, event.response) for event in wire.of("tds")]


def test_commands(speak):
    assert told(speak(Tds, TALK)) == [
        ("login", "sa", True, None),
        ("sql_batch", "EXEC xp_cmdshell 'whoami'", False, "15281: SQL Server blocked access"),
        ("rpc", "sp_executesql SELECT 1", True, None),
        ("rpc", "sp_help", True, None),
    ]
    event = speak(Tds, TALK).of("tds")[0]
    assert (event.client_host, event.application, event.database) == ("PC-1", "SSMS", "hr")


def test_refused_log_in(speak):
    refused = error(18456, "Login failed for user 'sa'.")
    assert told(speak(Tds, [*START, (True, login7()), (False, refused)])) == [
        ("login", "sa", False, "18456: Login failed for user 'sa'.")
    ]


def test_only_the_log_in_is_encrypted(speak):
    talk = [
        (True, prelogin(0)),
        (False, packet(4, prelogin(0)[8:])),
        (True, packet(0x12, b"\x16\x03\x01" + bytes(50))),
        (False, packet(0x12, b"\x16\x03\x03" + bytes(50))),
        (True, b"\x17\x03\x03\x00\x20" + bytes(32)),
        (False, error(18456, "Login failed for user 'sa'.")),
    ]
    assert told(speak(Tds, talk)) == [("login", None, False, "18456: Login failed for user 'sa'.")]


def test_all_is_encrypted(wire):
    analyzer = Tds(wire, wire.events.append, None)
    for is_orig, data in [
        (True, prelogin(1)),
        (False, packet(4, prelogin(1)[8:])),
        (True, b"\x17\x03\x03\x00\x04abcd"),
    ]:
        analyzer.feed(is_orig, data, 0.0)
    assert analyzer.done and analyzer.encrypted and not wire.events


def test_bounds(speak):
    many = [packet(1, wide("x" * 2000), 0), packet(1, wide("y" * 2000), 1)]
    assert len(told(speak(Tds, [*START, (True, b"".join(many))]))) == 1
    long = packet(1, wide("x" * 20_000))
    assert len(told(speak(Tds, [*START, (True, long)]))[0][1]) <= MAX_TEXT
    assert "TDS_invalid_packet" in speak(Tds, [*START, (True, b"GET / HTTP")]).weirds


def test_sturdy(sturdy):
    sturdy(Tds, TALK)


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (prelogin(0), True),
        (prelogin(0)[:5], None),
        (prelogin(0)[:20], None),
        (packet(0x12, b"\x16\x03\x01" + bytes(60)), False),
        (packet(0x12, bytes(8)), False),
        (b"\x12\x00\x00", False),
        (b"\x16\x03\x01", False),
    ],
)
def test_recognition(data, answer):
    assert Tds.recognise(data, True, "tcp") is answer
    assert Tds.recognise(data, False, "tcp") is False
