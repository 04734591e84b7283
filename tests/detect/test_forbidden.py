"""Where nothing of ours should be."""

from __future__ import annotations

from typing import Any

from sentinel.detect.forbidden import Forbidden
from sentinel.detect.settings import ForbiddenSettings

from .conftest import conn, detector, feed, notes

CONFINED = ForbiddenSettings(
    no_internet=("10.3.0.0/16",), allowed_outside=("8.8.4.4",), dark=("10.9.9.0/24",)
)
TALK: dict[str, Any] = {"conn_state": "SF", "orig_bytes": 10, "resp_bytes": 10, "resp_pkts": 3}


def test_an_answer_from_the_internet_is_a_violation_once_a_while() -> None:
    events = [conn(number, "10.3.0.1", f"8.8.8.{number}", 443, **TALK) for number in range(5)]
    [notice] = feed(detector(Forbidden, forbidden=CONFINED), events)
    assert (notice.note, notice.src, notice.dst, notice.p) == (
        "Egress::Forbidden",
        "10.3.0.1",
        "8.8.8.0",
        443,
    )
    assert (notice.local_src, notice.local_dst) == (True, False)


def test_what_is_allowed_ours_refused_or_nobodys_is_none() -> None:
    events = [
        conn(1, "10.3.0.1", "8.8.4.4", 443, **TALK),
        conn(2, "10.3.0.1", "10.4.0.1", 443, **TALK),
        conn(3, "10.3.0.1", "8.8.8.8", 443, conn_state="S0"),
        conn(4, "10.3.0.1", "224.0.0.251", 5353, **{**TALK, "proto": "udp"}),
        conn(5, "10.4.0.1", "8.8.8.8", 443, **TALK),
    ]
    assert not feed(detector(Forbidden, forbidden=CONFINED), events)


def test_an_unused_address_is_touched() -> None:
    found = feed(detector(Forbidden, forbidden=CONFINED), [conn(1, "10.4.0.1", "10.9.9.7", 22)])
    assert notes(found) == ["Dark::Touched"]
    assert not feed(detector(Forbidden, forbidden=CONFINED), [conn(1, "10.4.0.1", "10.9.8.7", 22)])


def test_without_networks_it_reads_nothing() -> None:
    assert not detector(Forbidden).reads
