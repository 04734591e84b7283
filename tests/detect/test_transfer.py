"""Data on its way out."""

from __future__ import annotations

from typing import Any

from sentinel.detect.settings import TransferSettings
from sentinel.detect.transfer import Transfer

from .conftest import conn, detector, feed, notes

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
