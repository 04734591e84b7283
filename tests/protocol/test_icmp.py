from __future__ import annotations

from typing import Any

import pytest

from sentinel.protocol.icmp import IcmpAnalyzer
from sentinel.protocol.settings import ProtocolSettings


def read(wire: Any, *payloads: bytes) -> Any:
    wire.proto, wire.orig_p, wire.resp_p = "icmp", 8, 0
    icmp = IcmpAnalyzer(wire, wire.events.append, ProtocolSettings())
    for payload in payloads:
        if not icmp.done:
            icmp.feed(True, b"\x12\x34\x00\x05" + payload, 1.0)
    icmp.finish(2.0)
    return wire


def test_one_event_a_flow_with_what_its_first_message_carries(wire: Any) -> None:
    (event,) = read(wire, bytes(32), b"second").of("icmp")
    assert (event.icmp_type, event.icmp_code, event.payload_len) == (8, 0, 32)
    assert event.payload == "\0" * 32
    assert (event.id, event.seq) == (0x1234, 5)


def test_a_ping_without_payload(wire: Any) -> None:
    (event,) = read(wire, b"").of("icmp")
    assert (event.payload_len, event.payload, event.id, event.seq) == (0, "", 0x1234, 5)


@pytest.mark.parametrize(("address", "kind", "numbered"), [
    ("192.0.2.1", 3, False), ("192.0.2.1", 0, True), ("192.0.2.1", 128, False),
    ("2001:db8::1", 128, True), ("2001:db8::1", 8, False),
])  # fmt: skip
def test_only_some_types_are_numbered(wire: Any, address: str, kind: int, numbered: bool) -> None:
    wire.proto, wire.orig_h, wire.orig_p = "icmp", address, kind
    IcmpAnalyzer(wire, wire.events.append, ProtocolSettings()).feed(True, b"\0\1\0\2rest", 1.0)
    (event,) = wire.of("icmp")
    assert (event.id, event.seq) == ((1, 2) if numbered else (None, None))


@pytest.mark.parametrize(("address", "kind", "port", "code"), [
    ("192.0.2.1", 8, 0, 0), ("192.0.2.1", 13, 14, 0), ("192.0.2.1", 3, 13, 13), ("192.0.2.1", 128, 7, 7),
    ("2001:db8::1", 128, 129, 0), ("2001:db8::1", 134, 133, 0), ("2001:db8::1", 1, 4, 4),
])  # fmt: skip
def test_the_type_that_answers_is_no_code(wire: Any, address: str, kind: int, port: int, code: int) -> None:
    wire.proto, wire.orig_h, wire.orig_p, wire.resp_p = "icmp", address, kind, port
    IcmpAnalyzer(wire, wire.events.append, ProtocolSettings()).feed(True, b"\0\1\0\2", 1.0)
    (event,) = wire.of("icmp")
    assert (event.icmp_type, event.icmp_code, event.resp_p) == (kind, code, port)


def test_payload_is_cut_and_each_byte_is_a_character(wire: Any) -> None:
    (event,) = read(wire, b"abc\\\n\xff" + b"z" * 100).of("icmp")
    assert event.payload == "abc\\\n\xff" + "z" * 58
    assert event.payload_len == 106


def test_every_icmp_flow_is_taken_and_no_other() -> None:
    assert IcmpAnalyzer.recognise(b"anything", True, "icmp") is True
    assert IcmpAnalyzer.recognise(b"anything", True, "udp") is False
