"""What was never seen before."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel.detect.first_seen import FirstSeen
from sentinel.detect.settings import DetectSettings, FirstSeenSettings
from sentinel.event import Conn

from .conftest import conn, detector, feed, notes

DAY = 86400.0


def talk(day: float, src: str, dst: str, port: int, **values: Any) -> Conn:
    given = {"conn_state": "SF", "orig_bytes": 900, "resp_bytes": 4000, "resp_pkts": 5, **values}
    return conn(day * DAY, src, dst, port, **given)


def week(src: str, dst: str, port: int) -> list[Conn]:
    """The same every working day."""
    return [talk(day, src, dst, port) for day in range(8)]


def test_a_service_that_opens_after_a_week_is_told_once_with_its_figures() -> None:
    usual = week("10.1.0.5", "10.1.0.9", 443)
    found = feed(
        detector(FirstSeen),
        [*usual, talk(8, "10.1.0.5", "10.1.0.9", 8080), talk(9, "10.1.0.6", "10.1.0.9", 8080)],
    )
    [notice] = found
    assert (notice.note, notice.dst, notice.p, notice.n) == ("First_Seen::Service", "10.1.0.9", 8080, 2)
    assert notice.figures["known_before"] == 1
    assert notice.figures["learned_hours"] == 8 * 24 and notice.figures["threshold_hours"] == 7 * 24
    assert notice.local_dst and "8080" in notice.msg


def test_nothing_is_told_while_a_host_is_learnt() -> None:
    events = [talk(0, "10.1.0.5", "10.1.0.9", port) for port in (22, 80, 443, 3389)]
    assert not feed(detector(FirstSeen), events)


@pytest.mark.parametrize(
    "event",
    [
        talk(8, "10.1.0.5", "10.1.0.9", 8080, conn_state="REJ"),
        talk(8, "10.1.0.5", "10.1.0.9", 8080, resp_bytes=0),
        talk(8, "10.1.0.5", "10.1.0.9", 8080, proto="udp"),
        talk(8, "10.1.0.5", "10.1.0.9", 49664),
        talk(8, "10.1.0.5", "10.1.0.9", 2021, service="ftp-data"),
    ],
    ids=["refused", "silent", "udp", "dynamic port", "announced by FTP"],
)
def test_what_is_no_service(event: Conn) -> None:
    assert not feed(detector(FirstSeen), [*week("10.1.0.5", "10.1.0.9", 443), event])


def test_a_server_that_only_fetches_updates_reaches_someone_else() -> None:
    usual = week("10.1.0.9", "192.0.2.10", 443)
    found = feed(
        detector(FirstSeen),
        [*usual, talk(8, "10.1.0.9", "192.0.2.77", 443), talk(8, "10.1.0.9", "198.51.100.4", 443)],
    )
    [notice] = found
    assert (notice.note, notice.dst) == ("First_Seen::Outside_Peer", "198.51.100.4")
    assert notice.figures["network"] == "198.51.100.0/24"


def test_a_person_who_browses_has_no_habits() -> None:
    browsing = [talk(number / 4, "10.1.0.9", f"198.51.{number}.4", 443) for number in range(100)]
    assert not feed(detector(FirstSeen), browsing)
    assert not feed(
        detector(FirstSeen, shared_hosts=("10.1.0.9",)),
        [*week("10.1.0.9", "192.0.2.10", 443), talk(8, "10.1.0.9", "198.51.100.4", 443)],
    )


def test_remote_desktop_from_where_it_never_came() -> None:
    usual = week("10.1.0.5", "10.1.0.9", 3389)
    found = feed(
        detector(FirstSeen),
        [*usual, *week("10.1.0.7", "10.1.0.9", 443), talk(9, "10.1.0.7", "10.1.0.9", 3389)],
    )
    assert notes(found) == ["First_Seen::Administration"]
    assert found[0].src == "10.1.0.7"


def test_a_way_between_networks_that_never_was() -> None:
    found = feed(
        detector(FirstSeen),
        [
            *week("10.1.0.5", "10.1.0.9", 443),
            *week("10.1.0.5", "10.2.0.9", 443),
            *week("10.1.0.6", "10.3.0.9", 443),
            talk(8, "10.1.0.5", "10.3.0.9", 443),
        ],
    )
    [notice] = found
    assert (notice.note, notice.src, notice.dst) == ("First_Seen::Crossing", "10.1.0.5", "10.3.0.9")
    assert notice.figures["network"] == "10.3.0.0/24"


def test_a_scanner_that_is_authorised_opens_nothing() -> None:
    scanner = detector(FirstSeen, authorised_scanners=("10.1.0.66",))
    assert not feed(scanner, [*week("10.1.0.5", "10.1.0.9", 443), talk(8, "10.1.0.66", "10.1.0.9", 22)])


def test_a_crowd_takes_no_room_from_a_host_that_is_known() -> None:
    kept = detector(FirstSeen, max_entries=64)
    crowd = [talk(8, f"10.9.{number // 250}.{number % 250}", "192.0.2.1", 443) for number in range(2000)]
    usual = [*week("10.1.0.5", "10.1.0.9", 443), *week("10.1.0.5", "10.1.0.9", 80)]
    found = feed(kept, [*usual, *crowd, talk(9, "10.1.0.5", "10.1.0.9", 8080)])
    assert notes(found) == ["First_Seen::Service"]
    assert kept.entries <= 64 + 1 and kept.evicted


def test_one_kind_is_told_once_in_a_while() -> None:
    quick = FirstSeenSettings(quiet=60.0)
    events = [talk(8 + number / 86400, "10.1.0.5", "10.1.0.9", 9000 + number) for number in range(100)]
    found = feed(detector(FirstSeen, first_seen=quick), [*week("10.1.0.5", "10.1.0.9", 443), *events])
    assert len(found) == 2
    assert DetectSettings().first_seen.learn == 7 * DAY


def test_networks_of_the_other_version() -> None:
    usual = week("10.1.0.9", "2001:db8:1::10", 443)
    found = feed(
        detector(FirstSeen),
        [*usual, talk(8, "10.1.0.9", "2001:db8:1::77", 443), talk(8, "10.1.0.9", "2001:db8:2::1", 443)],
    )
    assert [notice.figures["network"] for notice in found] == ["2001:db8:2::/64"]
