"""Floods."""

from __future__ import annotations

from typing import Any

from sentinel.detect.flood import Flood

from .conftest import conn, detector, feed, flow_event, notes

VICTIM = "10.1.0.1"


def syn(ts: float, source: int) -> Any:
    return conn(
        ts, f"198.51.{source >> 8}.{source & 255}", VICTIM, 80, conn_state="S0", history="S", resp_pkts=0
    )


def done(ts: float) -> Any:
    return conn(ts, "192.0.2.1", VICTIM, 80, conn_state="SF", history="ShADadFf", orig_bytes=9, resp_bytes=9)


def test_half_open_connections() -> None:
    [notice] = feed(detector(Flood), [syn(number / 100, number) for number in range(500)])
    assert (notice.note, notice.dst, notice.p, notice.n) == ("Flood::SYN_Flood", VICTIM, 80, 300)
    assert notice.figures["sources"] == 300 and notice.figures["ratio"] == 1.0


def test_a_busy_server_with_a_few_lost_clients_is_not_flooded() -> None:
    events = [
        event
        for number in range(1000)
        for event in (syn(number / 100, number), done(number / 100), done(number / 100))
    ]
    assert not feed(detector(Flood), events)


def test_spread_over_time_it_is_no_flood() -> None:
    assert not feed(detector(Flood), [syn(number, number) for number in range(1000)])


def test_packets_that_nobody_answers() -> None:
    datagrams = conn(
        1,
        "192.0.2.7",
        VICTIM,
        9999,
        proto="udp",
        conn_state="S0",
        orig_pkts=60_000,
        resp_pkts=0,
        duration=5.0,
    )
    echoes = conn(2, "192.0.2.7", VICTIM, 0, proto="icmp", orig_pkts=9_000, resp_pkts=8_000, duration=5.0)
    slow = conn(
        3,
        "192.0.2.8",
        "10.1.0.2",
        9999,
        proto="udp",
        conn_state="S0",
        orig_pkts=60_000,
        resp_pkts=0,
        duration=600.0,
    )
    syslog = conn(
        4,
        "192.0.2.8",
        "10.1.0.2",
        514,
        proto="udp",
        conn_state="S0",
        orig_pkts=90_000,
        resp_pkts=0,
        duration=5.0,
    )
    group = conn(
        5,
        "192.0.2.8",
        "239.1.1.1",
        5004,
        proto="udp",
        conn_state="S0",
        orig_pkts=90_000,
        resp_pkts=0,
        duration=5.0,
    )
    found = feed(detector(Flood), [datagrams, echoes, slow, syslog, group])
    assert notes(found) == ["Flood::UDP_Flood", "Flood::ICMP_Flood"]


def test_answers_that_nobody_asked_for_and_questions_for_everything() -> None:
    answers = []
    for number in range(100):
        event = conn(
            number / 50,
            f"192.0.2.{number}",
            VICTIM,
            31337,
            proto="udp",
            conn_state="S0",
            orig_pkts=30,
            resp_pkts=0,
        )
        event.orig_p = 123
        answers.append(event)
    flags = {"AA": False, "TC": False, "RD": True, "RA": False, "Z": 0, "rejected": False}
    questions = [
        flow_event(
            "dns",
            number / 20,
            "198.51.100.1",
            "10.1.0.53",
            53,
            proto="udp",
            trans_id=1,
            qtype=255,
            query="isc.org",
            **flags,
        )
        for number in range(60)
    ]
    found = feed(detector(Flood), [*answers, *questions])
    assert notes(found) == ["Flood::Reflection", "Flood::DNS_Any"]


def test_connections_held_open() -> None:
    def held(number: int, **values: Any) -> Any:
        given = {
            "conn_state": "S1",
            "history": "ShAD",
            "orig_bytes": 240,
            "resp_bytes": 0,
            "duration": 60.0,
            **values,
        }
        return conn(number, "192.0.2.7", VICTIM, 80, **given)

    [notice] = feed(detector(Flood), [held(number) for number in range(80)])
    assert (notice.note, notice.src, notice.n) == ("Flood::Slow_HTTP", "192.0.2.7", 50)
    assert not feed(detector(Flood), [held(number, resp_bytes=90_000) for number in range(80)])
    assert not feed(detector(Flood), [held(number, duration=0.3) for number in range(80)])
