"""Where nothing of ours should be."""

from __future__ import annotations

from typing import Any

from sentinel.detect.forbidden import Forbidden
from sentinel.detect.settings import ForbiddenSettings

from .conftest import conn, detector, feed, flow_event, notes

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


TERMINALS = ForbiddenSettings(terminals=("10.7.0.0/16",), terminal_peers=("10.1.0.10", "192.0.2.0/24"))


def test_a_terminal_talks_to_its_peers_and_to_nobody_else() -> None:
    events = [
        conn(1, "10.7.0.1", "192.0.2.7", 443, **TALK),
        conn(2, "10.7.0.1", "224.0.0.251", 5353, **{**TALK, "proto": "udp"}),
        conn(3, "10.7.0.1", "198.51.100.7", 443, conn_state="S0"),
        conn(4, "10.7.0.1", "10.2.0.7", 443, **TALK),
        conn(5, "10.7.0.1", "198.51.100.7", 443, **TALK),
    ]
    [notice] = feed(detector(Forbidden, forbidden=TERMINALS), events)
    assert (notice.note, notice.src, notice.dst) == ("Terminal::Outbound", "10.7.0.1", "10.2.0.7")
    assert notice.figures["orig_bytes"] == 10


def test_the_administration_of_a_terminal_is_called() -> None:
    events = [
        conn(1, "10.1.0.10", "10.7.0.1", 22, **TALK),
        conn(2, "10.3.0.4", "10.7.0.1", 80, **TALK),
        conn(3, "10.3.0.4", "10.7.0.1", 5555),
        conn(4, "10.3.0.4", "10.7.0.2", 445),
    ]
    [notice] = feed(detector(Forbidden, forbidden=TERMINALS), events)
    assert (notice.note, notice.src, notice.dst, notice.p) == (
        "Terminal::Inbound",
        "10.3.0.4",
        "10.7.0.1",
        5555,
    )


def test_a_session_that_goes_on_is_told_of_at_once() -> None:
    hello = flow_event("ssl", 1, "10.3.0.1", "8.8.8.8", 443, resumed=False, established=True)
    found = feed(
        detector(Forbidden, forbidden=CONFINED), [hello, conn(9, "10.3.0.1", "8.8.8.8", 443, **TALK)]
    )
    assert notes(found) == ["Egress::Forbidden"]
    assert found[0].figures == {"hosts": 1, "session": "still open"}
