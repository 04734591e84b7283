"""Storms of oddities."""

from __future__ import annotations

from sentinel.detect.weird_storm import WeirdStorm
from sentinel.event import Weird

from .conftest import detector, feed, notes


def odd(ts: float, name: str, src: str | None = "10.0.0.9") -> Weird:
    return Weird(ts=ts, name=name, orig_h=src)


def test_many_and_contradicting() -> None:
    assert notes(feed(detector(WeirdStorm), [odd(n / 10, "bad_HTTP_request") for n in range(800)])) == [
        "Weird::Storm"
    ]
    found = feed(detector(WeirdStorm), [odd(n, "rexmit_inconsistency") for n in range(12)])
    assert notes(found) == ["Weird::Conflicting_Retransmissions"]
    assert not feed(detector(WeirdStorm), [odd(n * 60, "bad_HTTP_request") for n in range(2000)])
    assert not feed(detector(WeirdStorm), [odd(n, "truncated", None) for n in range(800)])
