"""Scans: what is told, at which number, about whom, and what is not a scan."""

from __future__ import annotations

from sentinel.detect.scan import Scan

from .conftest import conn, detector, feed, notes

SOURCE = "10.0.0.9"


def test_hosts_on_one_port() -> None:
    events = [conn(number, SOURCE, f"10.1.0.{number}", 445) for number in range(1, 60)]
    [notice] = feed(detector(Scan), events)
    assert notice.note == "Scan::Address_Scan"
    assert (notice.src, notice.dst, notice.p, notice.n) == (SOURCE, None, 445, 25)
    assert notice.ts == 25.0
    assert notice.figures["targets"] == notice.figures["threshold"] == 25
    assert (notice.local_src, notice.local_dst) == (True, None)


def test_ports_of_one_host_over_tcp_and_udp() -> None:
    tcp = [conn(port, SOURCE, "10.1.0.1", port) for port in range(1, 40)]
    udp = [conn(100 + port, SOURCE, "10.1.0.1", port, proto="udp", conn_state="S0") for port in range(1, 40)]
    found = feed(detector(Scan), tcp + udp)
    assert notes(found) == ["Scan::Port_Scan", "Scan::Port_Scan"]
    assert [(notice.proto, notice.dst, notice.n) for notice in found] == [
        ("tcp", "10.1.0.1", 15),
        ("udp", "10.1.0.1", 15),
    ]


def test_a_patient_scan_is_told_and_named_slow() -> None:
    events = [conn(number * 600, SOURCE, f"10.1.0.{number}", 22) for number in range(1, 70)]
    assert notes(feed(detector(Scan), events)) == ["Scan::Slow_Address_Scan"]


def test_stealth() -> None:
    events = [
        conn(number, SOURCE, "10.1.0.1", 8000 + number, history=history, conn_state="RSTR")
        for number, history in enumerate(("Fr", "r", "F"))
    ]
    [notice] = feed(detector(Scan), events)
    assert notice.note == "Scan::Stealth_Scan" and notice.n == 3


def test_who_talks_does_not_scan() -> None:
    talk = [
        conn(number, SOURCE, f"10.1.0.{number}", 80, conn_state="SF", orig_bytes=1, resp_bytes=1)
        for number in range(100)
    ]
    again = [conn(number, SOURCE, "10.1.0.1", 443) for number in range(100)]
    trace = [
        conn(number, SOURCE, "192.0.2.1", 33434 + number, proto="udp", conn_state="S0")
        for number in range(90)
    ]
    assert not feed(detector(Scan), talk + again + trace)


def test_a_client_cut_off_from_the_internet_is_given_more_room() -> None:
    events = [conn(number, SOURCE, f"192.0.2.{number}", 443, conn_state="S0") for number in range(99)]
    assert not feed(detector(Scan), events)


def test_an_authorised_scanner_is_excused() -> None:
    events = [conn(number, SOURCE, f"10.1.0.{number}", 445) for number in range(1, 60)]
    assert not feed(detector(Scan, authorised_scanners=("10.0.0.9/32",)), events)


def test_the_same_is_told_again_only_after_a_while() -> None:
    events = [
        conn(hour * 1800 + number, SOURCE, f"10.{hour}.0.{number}", 445)
        for hour in range(4)
        for number in range(1, 40)
    ]
    found = feed(detector(Scan, quiet=3600.0), events)
    assert [round(notice.ts) for notice in found] == [25, 3625]


def test_late_events_count_in_their_own_time() -> None:
    events = [conn(number, SOURCE, f"10.1.0.{number}", 445) for number in range(1, 40)]
    [notice] = feed(detector(Scan), reversed(events))
    assert notice.n == 25


def test_addresses_of_two_zones_are_two_hosts() -> None:
    events = [
        conn(number, SOURCE, f"10.1.0.{number}", 445, zone=("a", "b")[number % 2]) for number in range(1, 49)
    ]
    assert not feed(detector(Scan), events)


def test_a_short_list_of_ports_tried_at_once() -> None:
    ports = (21, 23, 25, 135, 139, 445, 3389, 3306, 8080)
    brisk = [conn(number / 10, SOURCE, "10.1.0.1", port) for number, port in enumerate(ports)]
    [notice] = feed(detector(Scan), brisk)
    assert (notice.note, notice.dst, notice.n) == ("Scan::Port_Scan", "10.1.0.1", 8)
    assert notice.figures["window_seconds"] == 5.0


def test_the_rest_of_a_brisk_scan_is_not_told_again() -> None:
    assert (
        len(feed(detector(Scan), [conn(port / 50, SOURCE, "10.1.0.1", port) for port in range(1, 100)])) == 1
    )


def test_checks_that_ports_are_open_and_few_closed_ones_are_no_scan() -> None:
    ports = range(8001, 8010)
    opened = [
        conn(number / 10, SOURCE, "10.1.0.1", port, conn_state="SF", history="ShAFf")
        for number, port in enumerate(ports)
    ]
    slow = [conn(number * 20, SOURCE, "10.1.0.2", port) for number, port in enumerate(ports)]
    again = [conn(number / 10, SOURCE, "10.1.0.3", 8001 + number % 7) for number in range(90)]
    assert not feed(detector(Scan), opened + slow + again)
