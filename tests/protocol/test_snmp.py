from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scapy.asn1.asn1 import ASN1_NULL, ASN1_STRING, ASN1_TIME_TICKS
from scapy.layers.snmp import (
    SNMP,
    SNMPbulk,
    SNMPget,
    SNMPnext,
    SNMPresponse,
    SNMPset,
    SNMPtrapv1,
    SNMPvarbind,
)

from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.snmp import SnmpAnalyzer

DESCR, UP_TIME = "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.3.0"


def ask(kind: Any, *names: str, community: str = "public", version: int = 1) -> bytes:
    bindings = [SNMPvarbind(oid=name, value=ASN1_NULL(0)) for name in names]
    return bytes(SNMP(version=version, community=community, PDU=kind(id=1, varbindlist=bindings)))


ANSWER = bytes(
    SNMP(
        version=1,
        community="public",
        PDU=SNMPresponse(
            id=1,
            varbindlist=[
                SNMPvarbind(oid=DESCR, value=ASN1_STRING("H3C Comware")),
                SNMPvarbind(oid=UP_TIME, value=ASN1_TIME_TICKS(36000)),
            ],
        ),
    )
)


def read(wire: Any, *messages: tuple[bool, bytes]) -> Any:
    snmp = SnmpAnalyzer(wire, wire.events.append, ProtocolSettings())
    for number, (is_orig, data) in enumerate(messages):
        snmp.feed(is_orig, data, 1000.0 + number)
    snmp.finish(2000.0)
    snmp.finish(2000.0)
    return wire


def test_a_flow_is_counted_and_told_at_its_end(wire: Any) -> None:
    read(
        wire,
        (True, ask(SNMPget, DESCR, UP_TIME)),
        (False, ANSWER),
        (True, ask(SNMPnext, DESCR)),
        (True, ask(SNMPbulk, DESCR, UP_TIME, DESCR)),
        (True, ask(SNMPset, DESCR, community="private")),
    )
    (event,) = wire.of("snmp")
    assert (event.ts, event.duration, event.version, event.community) == (1000.0, 4.0, "2c", "public")
    counts = (event.get_requests, event.get_bulk_requests, event.get_responses, event.set_requests)
    assert counts == (3, 3, 2, 1)
    assert event.display_string == "H3C Comware"
    assert event.up_since == 1001.0 - 360.0


def test_a_trap_of_version_1_counts_nothing(wire: Any) -> None:
    read(
        wire, (True, bytes(SNMP(version=0, community="trap", PDU=SNMPtrapv1(time_stamp=ASN1_TIME_TICKS(5)))))
    )
    (event,) = wire.of("snmp")
    assert (event.version, event.community, event.get_requests) == ("1", "trap", 0)


def tlv(tag: int, *parts: bytes) -> bytes:
    value = b"".join(parts)
    return bytes([tag, len(value)]) + value


def version_3(data: bytes, security: bytes = b"\x30\x00") -> bytes:
    header = tlv(0x30, tlv(2, b"\x01"), tlv(2, b"\x05\xdc"), tlv(4, b"\x04"), tlv(2, b"\x03"))
    return tlv(0x30, tlv(2, b"\x03"), header, tlv(4, security), data)


def test_version_3_plain_and_encrypted(wire: Any) -> None:
    binding = tlv(0x30, tlv(6, b"\x2b\x06"), tlv(5))
    pdu = tlv(0xA0, tlv(2, b"\x01"), tlv(2, b"\x00"), tlv(2, b"\x00"), tlv(0x30, binding))
    plain = version_3(tlv(0x30, tlv(4, b"engine"), tlv(4), pdu))
    secret = version_3(tlv(4, b"\xde\xad\xbe\xef"))
    assert SnmpAnalyzer.recognise(plain, True, "udp") is True
    read(wire, (True, plain), (False, secret))
    (event,) = wire.of("snmp")
    assert (event.version, event.community, event.get_requests) == ("3", None, 1)
    assert wire.weirds == {}


def test_version_3_tells_its_user(wire: Any) -> None:
    def security(user: bytes) -> bytes:
        return tlv(0x30, tlv(4, b"engine"), tlv(2, b"\x2a"), tlv(2, b"\x2a"), tlv(4, user), tlv(4), tlv(4))

    secret = tlv(4, b"\xde\xad\xbe\xef")
    read(wire, *((True, version_3(secret, security(user))) for user in (b"", b"operator", b"admin")))
    assert [event.community for event in wire.of("snmp")] == ["operator"]
    assert wire.weirds == {}


def test_malformed_messages_are_weird(wire: Any) -> None:
    read(wire, (True, ANSWER[:-4]))
    assert set(wire.weirds) == {"SNMP_malformed"}


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (ANSWER, True),
        (ask(SNMPget, DESCR, version=0), True),
        (ANSWER + b"x", False),
        (ANSWER[:-1], False),
        (b"\x30\x03\x02\x01\x09", False),
        (b"0", False),
        (b"", False),
    ],
)
def test_recognised_by_content(data: bytes, answer: bool) -> None:
    assert SnmpAnalyzer.recognise(data, True, "udp") is answer


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_messages_never_raise(wire: Any, data: st.DataObject) -> None:
    message = bytearray(ANSWER)
    for _ in range(data.draw(st.integers(1, 5))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(message[: data.draw(st.integers(0, len(message)))])
    SnmpAnalyzer.recognise(cut, True, "udp")
    read(type(wire)(proto="udp"), (True, cut))
