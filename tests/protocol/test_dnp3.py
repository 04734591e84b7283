"""DNP3: functions and indications, over TCP and UDP."""

from __future__ import annotations

from struct import pack

import pytest

from sentinel.protocol.dnp3 import Dnp3


def frame(application: bytes, control=0xC4, transport=0xC0) -> bytes:
    carried = bytes([transport]) + application
    blocks = b"".join(carried[at : at + 16] + b"\x00\x00" for at in range(0, len(carried), 16))
    return b"\x05\x64" + pack("<BBHHH", 5 + len(carried), control, 4, 3, 0) + blocks


TALK = [
    (True, frame(b"\xc0\x0d")),
    (False, frame(b"\xc0\x81\x80\x00", 0x44)),
    (True, frame(b"\xc1\x01" + bytes(40)) + frame(b"\x01" * 10, transport=0x81)),
    (False, frame(b"\xc1\x81\x10\x00", 0x44) + frame(b"\xf0\x82\x00\x00", 0x44)),
    (True, frame(b"\xc2\x00")),
]


def test_requests_and_replies(speak):
    told = speak(Dnp3, TALK).of("dnp3")
    assert [(event.fc_request, event.fc_reply, event.iin) for event in told] == [
        ("COLD_RESTART", "RESPONSE", 0x8000),
        ("READ", "RESPONSE", 0x1000),
        (None, "UNSOLICITED_RESPONSE", 0),
        ("CONFIRM", None, None),
    ]


def test_unknown_function_and_nonsense(speak):
    wire = speak(Dnp3, [(True, frame(b"\xc0\x70")), (True, b"\x05\x65\x00")])
    assert wire.of("dnp3")[0].fc_request == "unknown-112" and "DNP3_invalid_frame" in wire.weirds


def test_sturdy(sturdy):
    sturdy(Dnp3, TALK)


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (TALK[0][1], True),
        (b"\x05", None),
        (b"\x05\x64\x0a", None),
        (b"\x05\x64\x04\xc4", False),
        (b"\x05\x64\x0a\xcf", False),
        (b"\x05\x01\x00", False),
    ],
)
def test_recognition(data, answer):
    assert Dnp3.recognise(data, True, "tcp") is answer
