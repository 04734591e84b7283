from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scapy.layers.ntp import NTPHeader

from sentinel.protocol.ntp import NtpAnalyzer
from sentinel.protocol.settings import ProtocolSettings

EPOCH = 2_208_988_800
CLIENT = bytes(NTPHeader(version=4, mode=3, stratum=0, poll=6, precision=0, sent=EPOCH + 1_700_000_000))
SERVER = bytes(
    NTPHeader(
        version=4,
        mode=4,
        stratum=2,
        id="192.0.2.123",
        poll=3,
        precision=-20,
        delay=1.5,
        dispersion=0.25,
        ref=EPOCH + 1_600_000_000,
        orig=EPOCH + 1_700_000_000,
        recv=EPOCH + 1_700_000_000.5,
        sent=EPOCH + 1_700_000_001,
    )
)


def read(wire: Any, *messages: bytes) -> Any:
    ntp = NtpAnalyzer(wire, wire.events.append, ProtocolSettings())
    for number, message in enumerate(messages):
        ntp.feed(number % 2 == 0, message, 1.0 + number)
    ntp.finish(9.0)
    return wire


def test_each_message_is_an_event(wire: Any) -> None:
    asked, told = read(wire, CLIENT, SERVER).of("ntp")
    assert (asked.version, asked.mode, asked.stratum, asked.ref_time) == (4, 3, 0, 0.0)
    assert (told.mode, told.stratum, told.ref_id) == (4, 2, "192.0.2.123")
    assert (told.poll, told.precision) == (8.0, 2.0**-20)
    assert (told.root_delay, told.root_disp) == (1.5, 0.25)
    assert (told.ref_time, told.org_time) == (1_600_000_000.0, 1_700_000_000.0)
    assert told.rec_time == pytest.approx(1_700_000_000.5)
    assert told.xmt_time == 1_700_000_001.0
    assert told.num_exts == 0


def test_reference_of_low_strata_is_text(wire: Any) -> None:
    kiss = SERVER[:1] + b"\x00" + SERVER[2:12] + b"RATE" + SERVER[16:]
    clock = SERVER[:1] + b"\x01" + SERVER[2:12] + b"GPS\x00" + SERVER[16:]
    assert [event.ref_id for event in read(wire, kiss, clock).of("ntp")] == ["RATE", "GPS\0"]


def test_times_after_2036_go_on(wire: Any) -> None:
    data = SERVER[:40] + (1 << 32).to_bytes(8, "big")
    (event,) = read(wire, data).of("ntp")
    assert event.xmt_time == 2**32 - EPOCH + 1


def test_extension_fields_are_counted(wire: Any) -> None:
    field = b"\x01\x04\x00\x10" + bytes(12)
    mac = bytes(20)
    counts = [event.num_exts for event in read(wire, SERVER + field, SERVER + field * 2 + mac).of("ntp")]
    assert counts == [1, 2]


def test_control_and_private_modes_are_weird(wire: Any) -> None:
    read(wire, b"\x17\x00\x03\x2a" + bytes(4), b"\x16\x02\x00\x01" + bytes(8))
    assert wire.events == []
    assert set(wire.weirds) == {"NTP_private_mode", "NTP_monlist_request", "NTP_control_mode"}


def test_the_list_of_those_who_asked(wire: Any) -> None:
    read(wire, b"\x97\x00\x03\x2a" + bytes(4), b"\x17\x00\x03\x01" + bytes(4), b"\x17\x00\x03")
    assert set(wire.weirds) == {"NTP_private_mode"}
    read(wire, b"\x17\x00\x02\x14" + bytes(4))
    assert "NTP_monlist_request" in wire.weirds


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (CLIENT, True),
        (SERVER, True),
        (b"\x17\x00\x03\x2a" + bytes(4), True),
        (b"\x16\x02\x00\x01" + bytes(8), True),
        (CLIENT[:40], False),
        (bytes(48), False),
        (b"\x23" + bytes(range(1, 48)), False),
        (b"#comment, forty-eight characters of plain text..", False),
        (b"", False),
    ],
    ids=range(9),
)
def test_recognised_by_content(data: bytes, answer: bool) -> None:
    assert NtpAnalyzer.recognise(data, True, "udp") is answer


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=120))
def test_garbage_never_raises(wire: Any, data: bytes) -> None:
    NtpAnalyzer.recognise(data, True, "udp")
    read(type(wire)(proto="udp"), data)
