"""Log-ins outside office hours, told from habits; and from where nobody administers."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest

from sentinel.detect import DetectSettings, Scene
from sentinel.detect.administration import Administration
from sentinel.detect.settings import AdministrationSettings
from sentinel.event import Auth, Notice

from .conftest import LOCAL, feed, flow_event, notes

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(day: int, hour: int, minute: int = 0) -> float:
    """November 2026 begins on a Sunday."""
    return datetime.datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI).timestamp()


def administration(**settings: object) -> Administration:
    given = DetectSettings(administration=AdministrationSettings(**settings))  # type: ignore[arg-type]
    return Administration(Scene(given, LOCAL, SHANGHAI))


def login(ts: float, src: str = "10.0.0.7", success: bool = True, service: str = "ssh") -> Auth:
    return Auth(ts=ts, source="s", host="10.0.0.80", service=service, user="ops", src=src, success=success)


LEARNT = [login(at(2, 9)), login(at(9, 9, 30))]
"""A week of work."""


@pytest.mark.parametrize(
    ("ts", "told"),
    [
        (at(10, 3), True),
        (at(10, 7, 29), True),
        (at(10, 7, 30), False),
        (at(10, 20), True),
        (at(14, 12), True),
    ],
)
def test_outside_office_hours(ts: float, told: bool) -> None:
    assert notes(feed(administration(), [*LEARNT, login(ts)])) == ["Admin::Off_Hours"] * told


def test_what_comes_every_night_is_a_habit() -> None:
    nightly = [login(at(day, 2), "10.0.0.9") for day in range(2, 20)]
    found = feed(
        administration(), [*LEARNT, *nightly, login(at(20, 2), "10.0.0.8"), login(at(21, 2), "10.0.0.8")]
    )
    assert [(one.note, one.src, one.dst) for one in found] == [("Admin::Off_Hours", "10.0.0.8", "10.0.0.80")]
    [notice] = found
    assert notice.figures["local_time"] == "02:00" and notice.figures["learned_days"] > 17
    assert "ops" in notice.msg and "02:00" in notice.msg


def test_nothing_is_told_of_failures_of_other_services_and_while_learning() -> None:
    night = at(10, 3)
    assert feed(administration(), [*LEARNT, login(night, success=False), login(night, service="imap")]) == []
    assert feed(administration(), [login(at(9, 9)), login(night)]) == []
    assert feed(administration(office_hours=""), [*LEARNT, login(night)]) == []


@pytest.mark.parametrize(
    ("origins", "src", "expected"),
    [
        (("10.0.9.0/24",), "10.0.9.5", []),
        (("10.0.9.0/24",), "10.0.0.7", ["Admin::Unusual_Origin"]),
        (("10.0.9.0/24",), "198.51.100.7", ["Admin::Unusual_Origin"]),
        ((), "10.0.0.7", []),
        ((), "198.51.100.7", ["Admin::From_Outside"]),
        ((), "2001:db8::7", ["Admin::From_Outside"]),
        ((), "PC-OF-LI", []),
    ],
)
def test_where_log_ins_come_from(origins: tuple[str, ...], src: str, expected: list[str]) -> None:
    twice = [login(at(10, 10), src), login(at(10, 10, 1), src)]
    assert notes(feed(administration(origins=origins), twice)) == expected


def test_log_ins_seen_on_the_wire() -> None:
    session = flow_event(
        "ssh", at(10, 10), "198.51.100.7", "10.0.0.80", 22, auth_success=True, auth_attempts=1
    )
    [notice] = feed(administration(), [session])
    assert (notice.note, notice.p, notice.uid) == ("Admin::From_Outside", 22, session.uid)


def test_a_session_that_only_passes_by_is_none_of_ours() -> None:
    session = flow_event(
        "ssh", at(10, 10), "198.51.100.7", "203.0.113.80", 22, auth_success=True, auth_attempts=1
    )
    assert feed(administration(), [session]) == []


def test_habits_of_one_host_are_bounded() -> None:
    detector = administration()
    many = [login(at(2, 2) + n, f"10.3.{n // 250}.{n % 250}") for n in range(500)]
    found: list[Notice] = feed(detector, [*LEARNT, *many, login(at(10, 2), "10.0.0.8")])
    assert found == [], "a host to which everybody logs in at night has no habits"
    [(_, host)] = detector._hosts.items()
    assert len(host.nights) == 64 and host.weight == 65


def test_habits_outlive_a_restart() -> None:
    first, second = administration(), administration()
    feed(first, [*LEARNT, login(at(9, 23), "10.0.0.9")])
    second.memories["hosts"].restore(list(first.memories["hosts"].save()))
    assert notes(feed(second, [login(at(10, 23), "10.0.0.9")])) == []
    assert notes(feed(second, [login(at(10, 23), "10.0.0.8")])) == ["Admin::Off_Hours"]
