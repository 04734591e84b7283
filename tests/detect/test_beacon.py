"""Beacons."""

from __future__ import annotations

import random
from typing import Any

from sentinel.detect.beacon import Beacon

from .conftest import conn, detector, feed, notes

SOURCE, MASTER = "10.0.0.9", "192.0.2.66"


def call(ts: float, size: int = 300, dst: str = MASTER, port: int = 443, **values: Any) -> Any:
    given = {"conn_state": "SF", "orig_bytes": size, "resp_bytes": 100, "resp_pkts": 4, **values}
    return conn(ts, SOURCE, dst, port, **given)


def test_calls_like_clockwork_are_told_once() -> None:
    [notice] = feed(detector(Beacon), [call(60.0 * number) for number in range(100)])
    assert (notice.note, notice.src, notice.dst, notice.p, notice.n) == (
        "Beacon::Periodic",
        SOURCE,
        MASTER,
        443,
        20,
    )
    assert notice.figures["interval_seconds"] == 60.0 and notice.figures["score"] >= 0.99


def test_jitter_hides_nothing() -> None:
    chance = random.Random(3)
    calls = [call(60 * number + chance.uniform(-10, 10), 300 + chance.randrange(20)) for number in range(60)]
    assert notes(feed(detector(Beacon), calls)) == ["Beacon::Periodic"]


def test_people_inside_services_and_short_bursts_are_none() -> None:
    chance = random.Random(5)
    when, people = 0.0, []
    for _ in range(200):
        when += chance.expovariate(1 / 30) if chance.random() < 0.9 else 1800.0
        people.append(call(when, int(chance.paretovariate(1.1) * 400)))
    inside = [call(60.0 * number, dst="10.0.0.1") for number in range(100)]
    clocks = [call(64.0 * number, port=123, proto="udp") for number in range(100)]
    burst = [call(0.5 * number) for number in range(100)]
    assert not feed(detector(Beacon), [*people, *inside, *clocks, *burst])
