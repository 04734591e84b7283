"""MySQL: greetings, log-ins that succeed and fail, queries with and without results."""

from __future__ import annotations

from struct import pack

import pytest

from sentinel.protocol.mysql import MAX_KEPT, Mysql
from sentinel.protocol.settings import ProtocolSettings

FLAGS = 0x0001_A685 | 0x0200
NEW_EOF = FLAGS | 0x0100_0000
GREETING = (
    b"\x0a8.0.36\x00"
    + pack("<I", 9)
    + b"saltsalt\x00"
    + b"\xff\xff\xff\x02\x00\xff\xdf\x15"
    + bytes(10)
    + b"salt" * 3
    + b"\x00mysql_native_password\x00"
)


def packet(body: bytes, number=0) -> bytes:
    return len(body).to_bytes(3, "little") + bytes([number]) + body


def log_in(user=b"root", flags=FLAGS) -> bytes:
    return packet(pack("<IIB23x", flags, 1 << 24, 33) + user + b"\x00\x14" + bytes(20), 1)


def error(
    code=1045, message=b"Access denied for user 'root'@'10.0.0.1' (using password: YES)", number=2
) -> bytes:
    return packet(b"\xff" + pack("<H", code) + b"#28000" + message, number)


def query(text: bytes) -> bytes:
    return packet(b"\x03" + text)


OK = b"\x00\x00\x00\x02\x00\x00\x00"
EOF = b"\xfe\x00\x00\x02\x00"
START = [(False, packet(GREETING)), (True, log_in()), (False, packet(OK, 2))]


def result(*rows: bytes, new=False) -> bytes:
    """One column, rows of one text each."""
    bodies = [b"\x01", b"\x03def" + bytes(20)]
    bodies += [] if new else [EOF]
    bodies += [bytes([len(row)]) + row for row in rows] + [b"\xfe\x00\x00\x02\x00\x00\x00" if new else EOF]
    return b"".join(packet(body, 1 + at) for at, body in enumerate(bodies))


def test_log_in(speak):
    (told,) = speak(Mysql, START).of("mysql")
    assert (told.cmd, told.arg, told.success, told.rows, told.response) == ("login", "root", True, 0, None)


def test_refused_log_in(speak):
    (told,) = speak(Mysql, [*START[:2], (False, error())]).of("mysql")
    assert told.success is False and told.response.startswith("Access denied for user 'root'")


def test_other_ways_to_authenticate(speak):
    switch = packet(b"\xfecaching_sha2_password\x00" + bytes(21), 2)
    talk = [*START[:2], (False, switch), (True, packet(bytes(32), 3)), (False, packet(b"\x01\x04", 4))]
    talk += [(True, packet(b"secret\x00", 5)), (False, packet(OK, 6))]
    (told,) = speak(Mysql, talk).of("mysql")
    assert told.success is True


def test_refusal_to_greet(speak):
    refusal = packet(
        b"\xff" + pack("<H", 1130) + b"Host '10.0.0.9' is not allowed to connect to this MySQL server"
    )
    assert Mysql.recognise(refusal, False, "tcp") is True
    (told,) = speak(Mysql, [(False, refusal)]).of("mysql")
    assert (told.cmd, told.success) == ("connect", False) and told.response.startswith("Host '10.0.0.9'")


def test_old_log_in(speak):
    old = packet(pack("<H", 0x0005) + b"\xff\xff\xff" + b"olduser\x00" + bytes(8), 1)
    assert speak(Mysql, [START[0], (True, old)]).of("mysql")[0].arg == "olduser"


@pytest.mark.parametrize("new", [False, True])
def test_queries(speak, new):
    talk = [START[0], (True, log_in(flags=NEW_EOF if new else FLAGS)), START[2]]
    talk += [
        (True, query(b"SELECT user FROM t")),
        (False, result(b"", b"\xfelong", b"root", new=new)),
        (True, query(b"UPDATE t SET a=1")),
        (False, packet(b"\x00\xfc\x2c\x01\x00\x02\x00\x00\x00", 1)),
        (True, query(b"SELEC")),
        (False, error(1064, b"You have an error in your SQL syntax", 1)),
        (True, packet(b"\x02shop")),
        (False, packet(OK, 1)),
        (True, packet(b"\x0e")),
        (False, packet(OK, 1)),
        (True, packet(b"\x04t\x00")),
        (False, packet(b"\x03def" + bytes(20), 1) + packet(EOF, 2)),
        (True, packet(b"\x16SELECT ?")),
        (False, packet(b"\x00\x01\x00\x00\x00" + bytes(7), 1)),
        (True, packet(b"\x19\x01\x00\x00\x00")),
        (True, packet(b"\x01")),
    ]
    told = [(event.cmd, event.arg, event.success, event.rows) for event in speak(Mysql, talk).of("mysql")[1:]]
    assert told == [
        ("query", "SELECT user FROM t", True, 0),
        ("query", "UPDATE t SET a=1", True, 300),
        ("query", "SELEC", False, None),
        ("init_db", "shop", True, 0),
        ("ping", "", True, 0),
        ("field_list", "t", True, 0),
        ("stmt_prepare", "SELECT ?", True, None),
        ("stmt_close", "\x01\x00\x00", None, None),
        ("quit", "", None, None),
    ]


def test_change_of_user(speak):
    talk = [*START, (True, packet(b"\x11admin\x00\x00")), (False, error(number=1))]
    assert [(e.cmd, e.arg, e.success) for e in speak(Mysql, talk).of("mysql")][1:] == [
        ("change_user", "admin", False)
    ]


def test_query_attributes_are_left_out(speak):
    talk = [START[0], (True, log_in(flags=FLAGS | 0x0800_0000)), START[2], (True, query(b"\x00\x01SELECT 1"))]
    assert speak(Mysql, talk).of("mysql")[1].arg == "SELECT 1"


def test_tls_takes_over_with_the_bytes_that_followed(speak, client_hello):
    request = packet(pack("<IIB23x", FLAGS | 0x0800, 1 << 24, 33), 1)
    wire = speak(Mysql, [START[0], (True, request + client_hello)])
    assert not wire.of("mysql") and len(wire.of("ssl")) == 1


def test_large_results_are_skipped(wire):
    analyzer = Mysql(wire, wire.events.append, ProtocolSettings())
    for is_orig, data in [*START, (True, query(b"SELECT 1"))]:
        analyzer.feed(is_orig, data, 0.0)
    body = b"\x01" + b"x"
    analyzer.feed(False, packet(b"\x01", 1) + packet(b"\x03def" + bytes(20), 2) + packet(EOF, 3), 0.0)
    big = packet(b"\xfd\x00\x00\x10" + bytes(1 << 20), 4)
    analyzer.feed(False, big[: MAX_KEPT + 100], 0.0)
    analyzer.gap(False, 1000, 0.0)
    analyzer.feed(False, big[MAX_KEPT + 1100 :] + packet(body, 5) + packet(EOF, 6), 0.0)
    assert [event.success for event in wire.of("mysql")] == [True, True]


def test_compressed_connections_are_let_go(speak):
    talk = [START[0], (True, log_in(flags=FLAGS | 0x20)), START[2], (True, query(b"SELECT 1"))]
    assert len(speak(Mysql, talk).of("mysql")) == 1


def test_sturdy(sturdy):
    sturdy(Mysql, [*START, (True, query(b"SELECT 1")), (False, result(b"a")), (True, packet(b"\x01"))])


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (packet(GREETING), True),
        (packet(GREETING)[:6], None),
        (packet(GREETING, 1), False),
        (packet(b"\x0b" + GREETING[1:]), False),
        (packet(b"\xff" + pack("<H", 4000) + b"Host"), False),
        (b"220 ftp\r\n", False),
        (b"SSH-2.0-x", False),
        (b"+OK POP3", False),
    ],
)
def test_recognition(data, answer):
    assert Mysql.recognise(data, False, "tcp") is answer
    assert Mysql.recognise(data, True, "tcp") is False
