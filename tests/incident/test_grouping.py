"""Every committed alert is grouped once; what belongs together is one incident; nothing grows without a limit."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from sentinel.event import Level
from sentinel.incident import ChangeKind, Grouping, Handling, IncidentSettings, InhibitSettings, State
from sentinel.incident.grouping import ACCOUNTS, accounts
from sentinel.incident.incident import find_incident
from sentinel.incident.listing import Filter, list_incidents
from sentinel.incident.silence import make_silence, silences
from sentinel.incident.timeline import entries
from tests.incident.conftest import NOW

Put = Callable[..., None]


def advance(connection: Any, **settings: Any) -> list[Any]:
    changes: list[Any] = []
    grouping = Grouping(IncidentSettings(**settings))
    while True:
        number, some = grouping.advance(connection, 500, NOW + 2)
        changes += some
        if number < 500:
            return changes


def incidents(connection: Any) -> list[Any]:
    return list_incidents(connection, Filter(), 1000)


def test_the_same_again_is_one_incident_that_speaks_seldom(connection: Any, put: Put) -> None:
    put(*[{"ts": NOW + number / 100} for number in range(1500)])
    changes = advance(connection)
    assert [change.kind for change in changes] == [ChangeKind.CREATED]
    put(*[{} for _ in range(4000)])
    assert [change.kind for change in advance(connection)] == [ChangeKind.GROWN]
    (incident,) = incidents(connection)
    assert (incident.alerts, incident.findings) == (5500, 1)
    assert connection.execute("SELECT count(*) FROM incident_alert").fetchone() == (5500,)


@pytest.mark.parametrize(
    ("second", "number"),
    [
        ({"rule_id": "r2", "category": "NAEXPLOIT"}, 1),  # the same pair, another family
        ({"dst": "10.1.0.77"}, 1),  # one scans many
        ({"src": "203.0.113.99"}, 1),  # many scan one
        ({"src": "203.0.113.99", "dst": "10.1.0.77"}, 2),
        ({"dst": "10.1.0.77", "category": "NAEXPLOIT"}, 2),
        ({"zone": "专用网络区"}, 2),
        ({"ts": NOW + 1801}, 2),
        ({"ts": NOW - 1801}, 2),
        ({"ts": NOW - 1799}, 1),
        ({"drill": True}, 2),
    ],
)
def test_what_belongs_together(connection: Any, put: Put, second: dict[str, Any], number: int) -> None:
    put({}, second)
    advance(connection)
    assert len(incidents(connection)) == number


def test_a_machine_that_calls_out_is_the_victim(connection: Any, put: Put) -> None:
    put({"category": "MPMINER", "src": "10.1.0.9", "dst": "198.51.100.1"})
    put({"category": "MPMINER", "src": "10.1.0.9", "dst": "198.51.100.2"})
    advance(connection)
    (incident,) = incidents(connection)
    assert (incident.victim, incident.attacker) == ("10.1.0.9", "198.51.100.1")


def test_a_storm_from_everywhere_to_everywhere_is_bounded(connection: Any, put: Put) -> None:
    put(*[{"src": f"198.18.{n >> 8}.{n & 255}", "dst": f"10.{n >> 8}.{n & 255}.1"} for n in range(3000)])
    changes = advance(connection, storm=5, findings=100)
    found = incidents(connection)
    assert len(found) == 6
    assert [incident.storm for incident in found] == [True, False, False, False, False, False]
    assert found[0].alerts == 2995
    assert len(changes) < 12
    assert connection.execute("SELECT count(*) FROM incident_finding").fetchone()[0] <= 105
    assert connection.execute("SELECT count(*) FROM incident_key").fetchone()[0] <= 3 * 105 + 1


def test_a_graver_alert_raises_the_severity_and_says_so(connection: Any, put: Put) -> None:
    put({"level": Level.MEDIUM})
    advance(connection)
    put({"level": Level.CRITICAL})
    (change,) = advance(connection)
    assert (change.kind, change.severity, change.role) == (ChangeKind.GROWN, "critical", "leader")


def test_what_is_below_opens_nothing_but_joins(connection: Any, put: Put) -> None:
    put({"level": Level.LOW})
    assert advance(connection) == []
    put({}, {"level": Level.LOW})
    advance(connection)
    assert incidents(connection)[0].alerts == 2
    assert accounts(connection) == {"position": 3, "below": 1, "grouped": 2}


def test_after_the_end_the_next_alert_is_a_new_incident(
    connection: Any, put: Put, handling: Handling
) -> None:
    put({})
    advance(connection)
    handling.move(connection, 1, State.FALSE_POSITIVE, actor="甲", now=NOW, reason="巡检")
    put({})
    advance(connection)
    assert [(i.id, i.alerts) for i in incidents(connection)] == [(2, 1), (1, 1)]


def test_what_was_rolled_back_is_grouped_again_and_nothing_twice(connection: Any, put: Put) -> None:
    put({}, {"src": "203.0.113.6", "dst": "10.1.0.8"})
    connection.execute("BEGIN")
    Grouping(IncidentSettings()).advance(connection, 500, NOW)
    connection.execute("ROLLBACK")
    assert incidents(connection) == []
    advance(connection)
    advance(connection)
    assert [incident.alerts for incident in incidents(connection)] == [1, 1]
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO incident_alert VALUES (2, 1)")


def test_a_silence_counts_and_ends(connection: Any, put: Put) -> None:
    make_silence(
        connection, author="甲", reason="授权扫描", matchers=["src=203.0.113.0/24"], now=NOW, seconds=60
    )
    put({}, {"src": "198.51.100.7"})
    advance(connection)
    assert [incident.attacker for incident in incidents(connection)] == ["198.51.100.7"]
    assert silences(connection)[0].alerts == 1
    put({})
    Grouping(IncidentSettings()).advance(connection, 500, NOW + 61)
    assert silences(connection, NOW + 61) == []
    assert accounts(connection)["silenced"] == 1
    assert sum(accounts(connection).get(name, 0) for name in ACCOUNTS) == accounts(connection)["position"]


TOWN = InhibitSettings(when=("rule_id=town",), suppress=("rule_id=village",), equal=("zone",))


def test_a_cause_swallows_its_consequences(connection: Any, put: Put) -> None:
    put({"rule_id": "town", "src": "10.20.0.1", "dst": None, "category": "DETECH"})
    put(
        *[{"rule_id": "village", "src": f"10.30.{n}.1", "dst": None, "category": "DETECH"} for n in range(71)]
    )
    put({"rule_id": "village", "src": "10.31.0.1", "dst": None, "category": "DETECH", "zone": "别处"})
    assert len(advance(connection, inhibit=(TOWN,))) == 2
    elsewhere, town = incidents(connection)
    assert (town.inhibited, town.alerts, elsewhere.zone) == (71, 1, "别处")
    assert accounts(connection)["inhibited"] == 71


def test_consequences_seen_first_become_children(connection: Any, put: Put) -> None:
    put({"rule_id": "village", "src": "10.30.1.1", "dst": None, "category": "DETECH"})
    advance(connection, inhibit=(TOWN,))
    put({"rule_id": "town", "src": "10.20.0.1", "dst": None, "category": "DETECH"})
    advance(connection, inhibit=(TOWN,))
    town, village = incidents(connection)
    assert village.parent == town.id


def test_a_cause_that_joins_an_incident_adopts_as_well(connection: Any, put: Put) -> None:
    put({"rule_id": "slow", "src": "10.20.0.1", "dst": None, "category": "DETECH"})
    put({"rule_id": "village", "src": "10.30.1.1", "dst": None, "category": "DETECH"})
    advance(connection, inhibit=(TOWN,))
    put({"rule_id": "town", "src": "10.20.0.1", "dst": None, "category": "DETECH"})
    advance(connection, inhibit=(TOWN,))
    village, town = incidents(connection)
    assert (town.alerts, village.parent) == (2, town.id)


def test_changed_pages_have_their_clock_in_whatever_incident(connection: Any, put: Put) -> None:
    put({})
    advance(connection)
    put({"rule_id": "r2", "title": "网页被篡改", "category": "NAWEBMOD", "level": Level.CRITICAL})
    advance(connection)
    (incident,) = incidents(connection)
    assert (incident.title, incident.category) == ("网页被篡改", "NAWEBMOD"), "called by the gravest"
    clock = "SELECT started_at, due, met_at FROM incident_clock WHERE clock = 'tamper'"
    assert connection.execute(clock).fetchall() == [(NOW + 1, NOW + 1 + 1800, None)]


def test_what_a_person_has_assessed_keeps_its_name(connection: Any, put: Put, handling: Handling) -> None:
    put({})
    advance(connection)
    handling.assess(connection, 1, {}, actor="甲", now=NOW + 5, category="NACRED")
    put({"rule_id": "r2", "title": "网页被篡改", "category": "NAWEBMOD", "level": Level.CRITICAL})
    (change,) = advance(connection)
    (incident,) = incidents(connection)
    assert (incident.title, incident.category, incident.severity) == ("扫描", "NACRED", 4)
    assert change.kind is ChangeKind.GROWN
    assert connection.execute("SELECT count(*) FROM incident_clock WHERE clock = 'tamper'").fetchone() == (1,)


def test_alerts_after_the_containment_are_told_once(connection: Any, put: Put, handling: Handling) -> None:
    put({"category": "NAWEBMOD"}, *[{} for _ in range(20)])
    advance(connection)
    handling.move(connection, 1, State.CONTAINED, actor="甲", now=NOW + 0.5)
    assert advance(connection) == []
    put({"category": "NAWEBMOD"})
    (change,) = advance(connection)
    assert (change.kind, change.state) == (ChangeKind.GROWN, "contained")
    put({})
    assert advance(connection) == []
    assert [entry.action for entry in entries(connection, 1)] == ["created", "state", "again"]
    clock = "SELECT due, met_at FROM incident_clock WHERE clock = 'tamper'"
    assert connection.execute(clock).fetchall() == [(NOW + 1 + 1800, None)], "changed again: it runs again"


def test_only_different_findings_are_counted(connection: Any, put: Put) -> None:
    put(*[{"dst": f"10.1.0.{number % 9}"} for number in range(90)])
    advance(connection, findings=5)
    (incident,) = incidents(connection)
    listed = connection.execute("SELECT count(*), sum(alerts) FROM incident_finding").fetchone()
    assert (incident.alerts, incident.findings, listed) == (90, 5, (5, 50))


def test_the_ledger_says_whose_it_is_and_the_rule_is_kept(connection: Any, put: Put) -> None:
    @dataclass
    class Device:
        department: str = "区政数局"
        responsible: str = "甲"
        phone: str = "000"
        location: str = "机房"
        system: str = "门户"
        cii: bool = True

    class Ledger:
        def find(self, zone: str | None, address: str, /) -> Device | None:
            return Device() if address == "10.1.0.9" else None

    put({})
    texts = {"r1": "title: 旧"}
    Grouping(IncidentSettings(), ledger=Ledger(), rule_text=texts.get).advance(connection, 9, NOW)
    incident = find_incident(connection, 1)
    assert (incident.department, incident.cii, incident.discovered_at) == ("区政数局", True, NOW + 1)
    assert connection.execute("SELECT text FROM rule_text").fetchall() == [("title: 旧",)]


def test_numbers_of_drills_are_their_own(connection: Any, put: Put) -> None:
    put({"drill": True}, {})
    advance(connection)
    real, drill = incidents(connection)
    assert drill.drill and drill.number == f"D{real.number}"
