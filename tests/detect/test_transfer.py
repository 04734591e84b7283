"""Data on its way out."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from sentinel.detect.settings import TransferSettings
from sentinel.detect.transfer import Transfer

from .conftest import conn, detector, feed, flow_event, notes

MB = 1_000_000


def upload(hour: float, megabytes: float, **values: Any) -> Any:
    given = {
        "conn_state": "SF",
        "orig_bytes": int(megabytes * MB),
        "resp_bytes": 5000,
        "duration": 10.0,
        **values,
    }
    return conn(hour * 3600, "10.0.0.9", "192.0.2.66", 443, **given)


def test_more_than_the_busiest_hour_before() -> None:
    usual = [upload(hour, 20) for hour in range(72)]
    [notice] = feed(detector(Transfer), [*usual, upload(72, 60), upload(72.1, 60)])
    assert notice.note == "Exfil::Upload_Above_Usual"
    assert notice.figures["busiest_hour_bytes"] == 20 * MB and notice.figures["bytes"] == 120 * MB
    assert notice.dst == "192.0.2.66"


def test_a_host_that_is_not_known_yet_is_compared_with_nothing() -> None:
    assert not feed(detector(Transfer), [upload(hour, 20) for hour in range(10)] + [upload(11, 900)])
    found = feed(detector(Transfer), [upload(0, 700), upload(0.2, 700)])
    assert notes(found) == ["Exfil::Large_Upload"]


def test_the_usual_backup_is_usual() -> None:
    hours = [upload(hour, 200 if hour % 24 == 2 else 1) for hour in range(24 * 10)]
    assert not feed(detector(Transfer), hours)


def test_connections_that_never_end() -> None:
    settings = TransferSettings(long_duration=3600.0)
    found = feed(detector(Transfer, transfer=settings), [upload(1, 0.001, duration=9000.0), upload(2, 0.001)])
    assert notes(found) == ["Long::Connection"] and found[0].figures["duration_seconds"] == 9000.0


def ping(packets: int, sent: int, back: int) -> Any:
    event = conn(
        1, "10.0.0.9", "192.0.2.66", 0, proto="icmp", orig_pkts=packets, resp_pkts=packets, orig_bytes=packets * sent,
        resp_bytes=packets * back, duration=9.0,
    )  # fmt: skip
    event.orig_p = 8
    return event


def test_pings_that_carry_data() -> None:
    assert notes(feed(detector(Transfer), [ping(50, 90, 500)])) == ["ICMP::Tunnel"]
    assert notes(feed(detector(Transfer), [ping(200, 1000, 1000)])) == ["ICMP::Large_Echo"]
    assert not feed(detector(Transfer), [ping(100, 56, 56), ping(5, 1400, 1400), ping(4, 90, 500)])


def filling(data: bytes) -> Any:
    """The event of the first message of the flow of `ping`."""
    values = {"icmp_type": 8, "icmp_code": 0, "payload_len": len(data), "payload": data.decode("latin-1")}
    return flow_event("icmp", 1, "10.0.0.9", "192.0.2.66", 0, **values)


LINUX = bytes(8) + b"\x8a\x11\x07\x00\x00\x00\x00\x00" + bytes(range(0x10, 0x38))
WINDOWS = b"abcdefghijklmnopqrstuvwabcdefghi"
CIPHERTEXT = hashlib.sha512(b"a tunnel").digest()


def test_pings_that_carry_ciphertext_are_told_sooner() -> None:
    [notice] = feed(detector(Transfer), [filling(CIPHERTEXT), ping(200, 64, 64)])
    assert notice.note == "ICMP::Tunnel" and notice.figures["enciphered"]
    assert notice.figures["entropy_of_first_bytes"] > 5.2
    assert not feed(detector(Transfer), [filling(CIPHERTEXT), ping(50, 64, 64)])


@pytest.mark.parametrize(
    "usual", [LINUX, WINDOWS, bytes(56), b"\xaa\x55" * 32, b"monitoring of line 7, please ignore"]
)
def test_what_ping_programs_send_is_no_ciphertext(usual: bytes) -> None:
    assert not feed(detector(Transfer), [filling(usual), ping(900, len(usual), len(usual))])
