"""Modbus/TCP: requests, responses, refusals."""

from __future__ import annotations

from struct import pack

import pytest

from sentinel.protocol.modbus import Modbus


def message(function: int, body: bytes, tid=1, unit=7) -> bytes:
    return pack("!HHHBB", tid, 0, len(body) + 2, unit, function) + body


READ = message(3, b"\x00\x6b\x00\x03")
TALK = [
    (True, READ),
    (False, message(3, b"\x06" + bytes(6))),
    (True, message(5, b"\x00\xac\xff\x00", 2) + message(16, b"\x00\x01\x00\x01\x02\x00\x0a", 3)),
    (False, message(0x85, b"\x02", 2) + message(0x90, b"\x63", 3)),
    (True, message(0x41, b"", 4)),
]


def test_every_message(speak):
    told = speak(Modbus, TALK).of("modbus")
    assert [(event.tid, event.unit, event.func, event.pdu_type, event.exception) for event in told] == [
        (1, 7, "READ_HOLDING_REGISTERS", "REQ", None),
        (1, 7, "READ_HOLDING_REGISTERS", "RESP", None),
        (2, 7, "WRITE_SINGLE_COIL", "REQ", None),
        (3, 7, "WRITE_MULTIPLE_REGISTERS", "REQ", None),
        (2, 7, "WRITE_SINGLE_COIL_EXCEPTION", "RESP", "ILLEGAL_DATA_ADDRESS"),
        (3, 7, "WRITE_MULTIPLE_REGISTERS_EXCEPTION", "RESP", "unknown-99"),
        (4, 7, "unknown-65", "REQ", None),
    ]


def test_nonsense_ends_the_reading(speak):
    wire = speak(Modbus, [(True, READ + b"\x00\x01\x00\x05\x00\x06"), (True, READ)])
    assert len(wire.of("modbus")) == 1 and "Modbus_invalid_header" in wire.weirds


def test_sturdy(sturdy):
    sturdy(Modbus, TALK)


@pytest.mark.parametrize(
    ("data", "is_orig", "answer"),
    [
        (READ, True, True),
        (READ * 2, True, True),
        (READ[:7], True, None),
        (READ + READ[:9], True, None),
        (message(3, b"\x00\x6b\x00"), True, False),
        (message(0x83, b"\x02"), False, True),
        (message(0x83, b"\x63"), False, False),
        (message(0x70, b"\x00"), True, False),
        (READ + b"HTTP/1.1 200", True, False),
        (b"\x00\x00\x00\x85\xffSMBr\x00", True, False),
        (b"\x00\x00\x00\x08\x04\xd2\x16\x2f\x00", True, False),  # PostgreSQL
        (b"GET / HTTP", True, False),
    ],
)
def test_recognition(data, is_orig, answer):
    assert Modbus.recognise(data, is_orig, "tcp") is answer
