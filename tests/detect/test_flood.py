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


def test_many_small_flows_are_a_flood_by_fewer_packets() -> None:
    def datagrams(number: int, each: int, service: str | None = None) -> list[Any]:
        return [
            conn(
                index * 10 / number,
                "192.0.2.7",
                VICTIM,
                53,
                proto="udp",
                conn_state="S0",
                history="D",
                orig_pkts=each,
                orig_bytes=60 * each,
                resp_pkts=0,
                service=service,
            )
            for index in range(number)
        ]

    assert not feed(detector(Flood), datagrams(3000, 1, "dns"))  # a resolver that is down
    [notice] = feed(detector(Flood), datagrams(3000, 1))
    assert (notice.note, notice.n) == ("Flood::UDP_Flood", 2000)
    assert not feed(detector(Flood), datagrams(1500, 1) + datagrams(400, 100))


def test_packets_of_no_connection() -> None:
    def strays(history: str, port: int = 80, step: float = 0.003, **fields: Any) -> list[Any]:
        return [
            conn(
                index * step,
                "192.0.2.7",
                VICTIM,
                port,
                conn_state="RSTRH",
                history=history,
                orig_pkts=1,
                resp_pkts=1,
                **fields,
            )
            for index in range(2500)
        ]

    [notice] = feed(detector(Flood), strays("Ar"))
    assert (notice.note, notice.dst, notice.p, notice.n) == ("Flood::TCP_Flood", VICTIM, 80, 2000)
    assert not feed(detector(Flood), strays("Ar", step=0.02))
    assert not feed(detector(Flood), strays("ShAR"))
    assert not feed(detector(Flood), strays("DA", orig_bytes=9))


def test_a_request_begun_and_not_answered_is_held_open_sooner() -> None:
    def held(seconds: float, answer: int, asked: int = 300) -> list[Any]:
        return [
            conn(
                index,
                "192.0.2.7",
                VICTIM,
                80,
                conn_state="S1",
                history="ShADa",
                duration=seconds,
                orig_bytes=asked,
                resp_bytes=answer,
            )
            for index in range(60)
        ]

    assert notes(feed(detector(Flood), held(6.0, 0))) == ["Flood::Slow_HTTP"]
    assert not feed(detector(Flood), held(6.0, 200))
    assert not feed(detector(Flood), held(6.0, 0, asked=0))
    assert not feed(detector(Flood), held(4.0, 0))
