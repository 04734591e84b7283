"""Hosts called one after the other."""

from __future__ import annotations

from sentinel.detect.sweep import Sweep
from sentinel.event import Conn

from .conftest import conn, detector, feed, notes


def ping(ts: float, dst: str) -> Conn:
    event = conn(ts, "10.0.0.9", dst, 0, proto="icmp", conn_state="OTH", history=None)
    event.orig_p = 8
    return event


def test_pings_of_many_hosts() -> None:
    [notice] = feed(detector(Sweep), [ping(number, f"10.1.0.{number}") for number in range(50)])
    assert (notice.note, notice.n, notice.src) == ("Scan::ICMP_Sweep", 30, "10.0.0.9")


def test_a_monitor_that_takes_its_time_sweeps_not() -> None:
    assert not feed(detector(Sweep), [ping(number * 10, f"10.1.0.{number}") for number in range(100)])


def test_file_sharing_of_many_hosts_whether_or_not_they_answer() -> None:
    talk = {"conn_state": "SF", "orig_bytes": 900, "resp_bytes": 900}
    events = [
        conn(number, "10.0.0.9", f"10.1.0.{number}", 445, **(talk if number % 2 else {}))
        for number in range(30)
    ]
    assert notes(feed(detector(Sweep), events)) == ["Worm::SMB_Fan_Out"]
    assert not feed(detector(Sweep, authorised_scanners=("10.0.0.0/24",)), events)
    assert not feed(detector(Sweep), [conn(number, "10.0.0.9", "10.1.0.1", 445) for number in range(100)])
