"""Every protocol is found by what is said, on ports that say nothing, and takes nobody else's flows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from struct import pack

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw
from scapy.utils import wrpcap

from sentinel.capture.file import open_capture
from sentinel.config import default_config
from sentinel.event import Event
from sentinel.pipeline import Pipeline

ROOT = Path(__file__).parents[2]
ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
CLIENT, SERVER, PORT = "192.0.2.10", "198.51.100.20", 31_234
HTTP = [
    (True, b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    (False, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
]
HELLO_BODY = b"\x03\x03" + bytes(33) + b"\x00\x02\x13\x01\x01\x00\x00\x00"
TLS = b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b" + HELLO_BODY
DTLS_BODY = b"\xfe\xfd" + bytes(34) + b"\x00\x02\xc0\x2b\x01\x00\x00\x00"
DTLS_MESSAGE = (
    b"\x01" + len(DTLS_BODY).to_bytes(3, "big") + bytes(5) + len(DTLS_BODY).to_bytes(3, "big") + DTLS_BODY
)
DTLS = b"\x16\xfe\xfd" + bytes(8) + pack("!H", len(DTLS_MESSAGE)) + DTLS_MESSAGE
MYSQL = b"\x0a8.0.36\x00" + bytes(4) + b"saltsalt\x00" + bytes(30) + b"mysql_native_password\x00"
QUIC = b"\xc3\x00\x00\x00\x01\x08" + bytes(range(1, 9)) + b"\x00\x00\x44\xd0" + bytes(1232)
STUN = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12)
PRELOGIN = b"\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff\x10\x00\x00\x00\x00\x00\x02"
MONGO = (
    pack("<iiii", 58, 1, 0, 2004)
    + bytes(4)
    + b"admin.$cmd\x00"
    + pack("<ii", 0, -1)
    + b"\x13\x00\x00\x00\x10isMaster\x00\x01\x00\x00\x00\x00"
)

Talk = list[tuple[bool, bytes]]

TCP_TALKS: dict[str, Talk] = {
    "http": HTTP,
    "ssl": [(True, TLS)],
    "ssh": [(False, b"SSH-2.0-OpenSSH_9.6\r\n"), (True, b"SSH-2.0-x\r\n")],
    "ftp": [(False, b"220 FTP ready\r\n"), (True, b"USER li\r\n"), (False, b"331 password\r\n")],
    "smtp": [(False, b"220 mail ESMTP\r\n"), (True, b"EHLO a.test\r\n"), (False, b"250 mail\r\n")],
    "mqtt": [(True, b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02c1"), (False, b"\x20\x02\x00\x00")],
    "mysql": [(False, len(MYSQL).to_bytes(3, "little") + b"\x00" + MYSQL)],
    "mysql,ssl": [
        (False, len(MYSQL).to_bytes(3, "little") + b"\x00" + MYSQL),
        (True, b"\x20\x00\x00\x01" + pack("<IIB23x", 0x0A00, 1, 33) + TLS),
    ],
    "postgresql": [(True, pack("!II", 17, 3 << 16) + b"user\0li\0\0")],
    "redis": [(True, b"*1\r\n$4\r\nPING\r\n"), (False, b"+PONG\r\n")],
    "sip": [(True, b"OPTIONS sip:a@b SIP/2.0\r\nCall-ID: 1\r\n\r\n")],
    "socks,http": [
        (True, b"\x05\x01\x00"),
        (False, b"\x05\x00"),
        (True, b"\x05\x01\x00\x03\x01a\x00\x50"),
        (False, b"\x05\x00\x00\x01" + bytes(6)),
        *HTTP,
    ],
    "irc": [(True, b"NICK a\r\nUSER a 0 * :A\r\n")],
    "rfb": [(False, b"RFB 003.008\n"), (True, b"RFB 003.008\n")],
    "modbus": [(True, b"\x00\x01\x00\x00\x00\x06\x01\x03\x00\x00\x00\x01")],
    "dnp3": [(True, b"\x05\x64\x08\xc4\x04\x00\x03\x00\x00\x00\xc0\xc0\x0d\x00\x00")],
    "syslog": [(True, b"<34>Oct 11 22:14:15 gw su: failed\n")],
    "imap": [(False, b"* OK ready\r\n"), (True, b"a LOGIN li x\r\n"), (False, b"a NO no\r\n")],
    "pop3": [(False, b"+OK POP3 ready\r\n"), (True, b"USER li\r\n"), (False, b"+OK\r\n")],
    "telnet": [(False, b"\xff\xfd\x18\xff\xfb\x01\r\nlogin: "), (True, b"\xff\xfc\x18")],
    "stratum": [(True, b'{"id":1,"method":"mining.subscribe","params":["x/1"]}\n')],
    "http2": [(True, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9))],
    "bittorrent": [(True, b"\x13BitTorrent protocol" + bytes(48))],
    "openvpn": [(True, b"\x00\x0e\x38" + bytes(range(1, 9)) + bytes(5))],
    "tds": [(True, b"\x12\x01\x00\x1a\x00\x00\x01\x00" + PRELOGIN)],
    "mongodb": [(True, MONGO)],
}
UDP_TALKS: dict[str, Talk] = {
    "dns": [(True, b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x04test\x00\x00\x01\x00\x01")],
    "quic": [(True, QUIC)],
    "sip": [(True, b"OPTIONS sip:a@b SIP/2.0\r\nCall-ID: 1\r\n\r\n")],
    "radius": [(True, b"\x01\x01\x00\x18" + bytes(16) + b"\x01\x04li")],
    "syslog": [(True, b"<34>Oct 11 22:14:15 gw su: failed")],
    "tftp": [(True, b"\x00\x01config\x00octet\x00")],
    "dnp3": [(True, b"\x05\x64\x08\xc4\x04\x00\x03\x00\x00\x00\xc0\xc0\x0d\x00\x00")],
    "stun,dtls": [(True, STUN), (False, b"\x01\x01" + STUN[2:]), (True, DTLS)],
    "ike": [(True, bytes(range(1, 9)) + bytes(8) + b"\x00\x20\x22\x08" + pack("!II", 0, 28))],
    "wireguard": [(True, b"\x01\x00\x00\x00" + b"\x07" * 144)],
    "openvpn": [(True, b"\x38" + bytes(range(1, 9)) + bytes(5))],
    "bittorrent": [(True, b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe")],
}
NOISE = random.Random(3)
NOBODYS: list[bytes] = [
    b"\xac\xed\x00\x05sr\x00\x11java.util.HashMap",
    b"hello world\r\n",
    b"220\r\n" * 3,
    b"{}\n",
    b"<?xml version='1.0'?>\n",
    bytes(64),
    b"\x05\x00" + bytes(30),
    b"\x12\x01\x00\x08",
    b"\xff\xd8\xff\xe0\x00\x10JFIF",
    *[NOISE.randbytes(200) for _ in range(100)],
]


def stream(port: int, talk: Talk) -> Iterator[Packet]:
    """A whole TCP connection."""
    numbers = {True: 1000, False: 5000}

    def segment(is_orig: bool, flags: str, data=b"") -> Packet:
        ends = (CLIENT, SERVER, port, PORT) if is_orig else (SERVER, CLIENT, PORT, port)
        head = TCP(sport=ends[2], dport=ends[3], flags=flags, seq=numbers[is_orig], ack=numbers[not is_orig])
        numbers[is_orig] += len(data) + ("S" in flags or "F" in flags)
        return ETHER / IP(src=ends[0], dst=ends[1]) / head / Raw(data)

    yield segment(True, "S")
    yield segment(False, "SA")
    yield segment(True, "A")
    for is_orig, data in talk:
        yield segment(is_orig, "PA", data)
    yield segment(True, "FA")
    yield segment(False, "FA")


def datagrams(port: int, talk: Talk) -> Iterator[Packet]:
    for is_orig, data in talk:
        ends = (CLIENT, SERVER, port, PORT) if is_orig else (SERVER, CLIENT, PORT, port)
        yield ETHER / IP(src=ends[0], dst=ends[1]) / UDP(sport=ends[2], dport=ends[3]) / Raw(data)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], str | None]:
    """`conn.service` of every talk, by transport and client port."""
    packets: list[Packet] = []
    for at, talk in enumerate([*TCP_TALKS.values(), *([(True, data)] for data in NOBODYS)]):
        packets += stream(10_000 + at, talk)
    for at, talk in enumerate([*UDP_TALKS.values(), *([(True, data)] * 5 for data in NOBODYS)]):
        packets += datagrams(10_000 + at, talk)
    path = tmp_path_factory.mktemp("recognition") / "talks.pcap"
    wrpcap(str(path), packets)
    told: list[Event] = []
    pipeline = Pipeline(default_config(ROOT), None, lambda _: None, told.extend)
    with open_capture(path) as capture:
        for batch in capture:
            pipeline.process(batch)
            batch.release()
    pipeline.finish()
    return {(event.proto, event.orig_p): event.service for event in told if event.kind == "conn"}


@pytest.mark.parametrize(("at", "service"), list(enumerate(TCP_TALKS)))
def test_streams(services, at, service):
    assert services["tcp", 10_000 + at] == service


@pytest.mark.parametrize(("at", "service"), list(enumerate(UDP_TALKS)))
def test_datagrams(services, at, service):
    assert services["udp", 10_000 + at] == service


def test_what_is_nobodys_stays_so(services):
    assert {services["tcp", 10_000 + len(TCP_TALKS) + at] for at in range(len(NOBODYS))} == {None}
    assert {services["udp", 10_000 + len(UDP_TALKS) + at] for at in range(len(NOBODYS))} == {None}
