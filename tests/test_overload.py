"""An overload is told when it begins and when it is over, whatever a worker's count does in between."""

from __future__ import annotations

from sentinel.overload import Overload


def test_it_begins_with_a_packet_given_up_and_ends_a_calm_minute_later() -> None:
    overload = Overload()
    told = [
        (now, overload.lasts)
        for missed, now in (
            (0, 0.0),
            (5, 1.0),
            (9, 2.0),
            (9, 30.0),
            (10, 50.0),
            (10, 109.0),
            (10, 110.0),
            (10, 500.0),
        )
        if overload.take(missed, now)
    ]
    assert told == [(1.0, True), (110.0, False)]


def test_a_worker_that_begins_anew_counts_from_nothing() -> None:
    overload = Overload()
    assert overload.take(100, 0.0)
    assert overload.take(100, 60.0) and not overload.lasts
    assert not overload.take(0, 61.0)
    assert overload.take(3, 62.0) and overload.lasts
