"""IKE v1 and v2: who negotiates with whom, and with what products."""

from __future__ import annotations

from struct import pack

import pytest

from sentinel.protocol.ike import MAX_DATAGRAMS, MAX_OPEN, Ike

INITIATOR, RESPONDER = b"\x01" * 8, b"\x02" * 8


def message(exchange: int, answer=bytes(8), version=2, vendors=(), initiator=INITIATOR, flags=0) -> bytes:
    vendor_id = 43 if version == 2 else 13
    payloads = b""
    for at, value in enumerate(vendors):
        payloads += bytes([vendor_id if at + 1 < len(vendors) else 0, 0]) + pack("!H", len(value) + 4) + value
    first = vendor_id if vendors else 0
    return (
        initiator
        + answer
        + bytes([first, version << 4, exchange, flags])
        + pack("!II", 0, 28 + len(payloads))
        + payloads
    )


def test_answered(speak):
    talk = [
        (True, message(34, vendors=[b"strongSwan", b"\x40\x48\xb7\xd5"])),
        (False, message(34, RESPONDER, vendors=[b"\x88\x2f"])),
        (True, message(35, RESPONDER)),
    ]
    (told,) = speak(Ike, talk).of("ike")
    assert (told.version, told.exchange) == ("2.0", "ike_sa_init")
    assert (told.initiator_spi, told.responder_spi) == (INITIATOR.hex(), RESPONDER.hex())
    assert told.vendor_ids == ["strongSwan", "4048b7d5", "882f"]


def test_aggressive_mode_behind_nat_without_answer(speak):
    (told,) = speak(Ike, [(True, bytes(4) + message(4, version=1)), (True, b"\x11" * 40)]).of("ike")
    assert (told.version, told.exchange, told.responder_spi) == ("1.0", "aggressive_mode", None)


def test_caps(speak):
    many = [(True, message(34, initiator=pack("!Q", number + 1))) for number in range(MAX_OPEN + 6)]
    assert len(speak(Ike, many, finish=False).of("ike")) == 6
    assert len(speak(Ike, [(True, message(34))] * (MAX_DATAGRAMS + 1), finish=False).of("ike")) == 1


def test_sturdy(sturdy):
    sturdy(Ike, [(True, message(34, vendors=[b"x" * 20] * 3)), (False, message(34, RESPONDER))])


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (message(34), True),
        (message(2, version=1), True),
        (bytes(4) + message(34), True),
        (message(34) + b"\x00", False),
        (message(2), False),
        (message(34, version=3), False),
        (message(34, initiator=bytes(8)), False),
        (b"\x11" * 60, False),
    ],
)
def test_recognition(data, answer):
    assert Ike.recognise(data, True, "udp") is answer
