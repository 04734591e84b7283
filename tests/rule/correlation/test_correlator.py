"""What correlations tell, and when: the specification's types, and faults that others have shipped."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from sentinel.event import Conn, Event, Ssh
from sentinel.rule import RuleSet, RuleSettings
from sentinel.rule.correlation import Correlator, Match
from sentinel.rule.settings import CorrelationSettings

BASE = """title: {name}
name: {name}
id: {name}
logsource:
  category: test
detection:
  s:
    type: {name}
  condition: s
level: low
---
"""
Build = Callable[..., tuple[RuleSet, Correlator]]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Rules a, b, c (field `type`), and correlations written as the text under `correlation:`."""

    def make(*sections: str, lateness: float = 60.0, groups: int = 1000, level: str = "high") -> Any:
        text = "".join(BASE.format(name=name) for name in "abc")
        for number, section in enumerate(sections):
            body = "".join(f"  {line}\n" for line in section.strip().split("\n"))
            text += (
                f"title: C{number}\nname: c{number}\nid: c{number}\nlevel: {level}\ncorrelation:\n{body}---\n"
            )
        path = tmp_path / "rules.yml"
        path.write_text(text, encoding="utf-8")
        rules = RuleSet.load(RuleSettings(paths=(str(path),)), tmp_path)
        grave = [problem for problem in rules.problems if not problem.informational]
        assert not grave, grave
        return rules, Correlator(rules.links, CorrelationSettings(groups=groups, lateness=lateness))

    return make


def event(t: float, type: str = "a", **fields: Any) -> tuple[float, dict[str, Any]]:
    return t, {"type": type, "user": "u", **fields}


def fires(built: tuple[RuleSet, Correlator], events: Sequence[tuple[float, dict[str, Any]]]) -> list[int]:
    """Places of the events by which a correlation holds."""
    rules, correlator = built
    return [place for place, match in rules.match_timed_records(events) if correlator.observe(match)]


def alerts(built: tuple[RuleSet, Correlator], events: Sequence[tuple[float, dict[str, Any]]]) -> list[Any]:
    rules, correlator = built
    return correlator.take(match for _, match in rules.match_timed_records(events))


COUNT = "type: event_count\nrules: [a]\ngroup-by: [user]\ntimespan: 10s\ncondition:\n  gte: 3"


def test_event_count_slides_and_keeps_groups_apart(build: Build) -> None:
    assert fires(build(COUNT), [event(t) for t in (0, 5, 10)]) == [2]
    assert fires(build(COUNT), [event(t) for t in (0, 5, 10.000001)]) == []
    across_any_clock_boundary = [event(t) for t in (59.0, 60.5, 68.9)]
    assert fires(build(COUNT), across_any_clock_boundary) == [2]
    mixed = [event(t, user=user) for t, user in enumerate("xyxyx")]
    assert fires(build(COUNT), mixed) == [4]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("gt: 2", [2, 3, 4]), ("gte: 2", [1, 2, 3, 4]), ("lt: 2", [0]), ("lte: 2", [0, 1]), ("eq: 3", [2]),
        ("neq: 1", [1, 2, 3, 4]), ("gte: 2\n  lt: 4", [1, 2]), ("gt: 1\n  lte: 3\n  neq: 2", [2]), ("gte: 2.5", [2, 3, 4]),
    ],
)  # fmt: skip
def test_conditions_and_ranges(build: Build, condition: str, expected: list[int]) -> None:
    section = f"type: event_count\nrules: [a]\ntimespan: 1h\ncondition:\n  {condition}"
    assert fires(build(section), [event(t) for t in range(5)]) == expected


@pytest.mark.parametrize(
    ("timespan", "seconds"),
    [
        ("7s", 7),
        ("2m", 120),
        ("3h", 10_800),
        ("1d", 86_400),
        ("1w", 604_800),
        ("1M", 2_629_746),
        ("1y", 31_556_952),
    ],
)
def test_units_of_time(build: Build, timespan: str, seconds: int) -> None:
    section = f"type: event_count\nrules: [a]\ntimespan: {timespan}\ncondition:\n  gte: 2"
    assert fires(build(section), [event(0), event(seconds)]) == [1]
    assert fires(build(section), [event(0), event(seconds + 0.001)]) == []


def test_a_match_without_a_group_field_belongs_to_no_group(build: Build) -> None:
    built = build(COUNT)
    nobody = [(float(t), {"type": "a"}) for t in range(5)]
    assert fires(built, nobody) == [] and built[1].counters()["ungrouped"] == 5
    assert fires(build(COUNT.replace("group-by: [user]\n", "")), nobody) == [2, 3, 4]


def test_numbers_and_their_text_are_one_group(build: Build) -> None:
    assert fires(build(COUNT), [event(0, user=7), event(1, user="7"), event(2, user=7.0)]) == [2]


def test_an_event_of_two_rules_is_one_event(build: Build, tmp_path: Path) -> None:
    section = "type: event_count\nrules: [a, any]\ntimespan: 10s\ncondition:\n  gte: 2"
    path = tmp_path / "any.yml"
    path.write_text(
        BASE.format(name="a") + BASE.format(name="any").replace("type: any", "type|exists: true")
        + "title: C\ncorrelation:\n" + "".join(f"  {line}\n" for line in section.split("\n"))
    )  # fmt: skip
    rules = RuleSet.load(RuleSettings(paths=(str(path),)), tmp_path)
    assert fires((rules, Correlator(rules.links)), [event(0), event(1)]) == [1]


def test_value_count_counts_what_differs(build: Build) -> None:
    section = (
        "type: value_count\nrules: [a]\ngroup-by: [user]\ntimespan: 10s\ncondition:\n  field: host\n  gte: 3"
    )
    hosts = ["x", "x", "y", "y", "z", "x"]
    assert fires(build(section), [event(t, host=host) for t, host in enumerate(hosts)]) == [4, 5]
    built = build(section)
    assert fires(built, [event(t) for t in range(5)]) == [] and built[1].counters()["unusable"] == 5
    assert fires(build(section), [event(0, host=["x", "y", "z"])]) == [0]
    pairs = section.replace("field: host", "field: [host, port]")
    assert fires(build(pairs), [event(t, host="x", port=t) for t in range(3)]) == [2]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("value_sum\ncondition:\n  gte: 60.5", [2, 3, 4]),
        ("value_avg\ncondition:\n  gt: 15", [1, 2, 3, 4]),
        ("value_median\ncondition:\n  gte: 15", [1, 2, 3, 4]),
        ("value_percentile\ncondition:\n  gte: 30\n  percentile: 90", [3, 4]),
    ],
)
def test_numbers_in_fields(build: Build, condition: str, expected: list[int]) -> None:
    section = f"rules: [a]\ntimespan: 1h\ntype: {condition}\n  field: bytes"
    values = [10, "20.5", 30, 40, 1000]
    assert fires(build(section), [event(t, bytes=value) for t, value in enumerate(values)]) == expected
    assert fires(build(section), [event(0, bytes="many"), event(1, bytes=True), event(2, bytes="nan")]) == []


TEMPORAL = "type: temporal\nrules: [a, b, c]\ngroup-by: [user]\ntimespan: 10s"


def test_temporal_wants_every_rule_in_any_order_of_one_group(build: Build) -> None:
    assert fires(build(TEMPORAL), [event(0, "c"), event(1, "a"), event(2, "b")]) == [2]
    assert fires(build(TEMPORAL), [event(0, "c"), event(1, "a"), event(2, "b", user="v")]) == []
    assert fires(build(TEMPORAL), [event(0, "c"), event(1, "a"), event(10.5, "b")]) == []
    assert fires(
        build(TEMPORAL + "\ncondition:\n  gte: 2"), [event(0, "c"), event(1, "c"), event(2, "b")]
    ) == [2]


ORDERED = TEMPORAL.replace("temporal", "temporal_ordered")


def test_every_member_keeps_the_order(build: Build) -> None:
    assert fires(build(ORDERED), [event(t, one) for t, one in enumerate("abc")]) == [2]
    for wrong in ("acb", "bac", "bca", "cab", "cba"):
        assert fires(build(ORDERED), [event(t, one) for t, one in enumerate(wrong)]) == [], wrong
    assert fires(build(ORDERED), [event(t, one) for t, one in enumerate("acbacabc")]) == [4, 5, 6, 7]
    assert (
        fires(build(ORDERED), [event(t, one) for t, one in ((0, "a"), (6, "b"), (7, "a"), (11, "c"))]) == []
    )


def test_one_event_is_not_its_own_successor(build: Build, tmp_path: Path) -> None:
    path = tmp_path / "both.yml"
    path.write_text(
        BASE.format(name="first").replace("type: first", "type|contains: x")
        + BASE.format(name="second").replace("type: second", "type|contains: y")
        + "title: C\ncorrelation:\n  type: temporal_ordered\n  rules: [first, second]\n  timespan: 1m\n"
    )
    rules = RuleSet.load(RuleSettings(paths=(str(path),)), tmp_path)
    assert fires((rules, Correlator(rules.links)), [event(0, "xy")]) == []
    assert fires((rules, Correlator(rules.links)), [event(0, "xy"), event(1, "xy")]) == [1]


@pytest.mark.parametrize(
    ("condition", "sort", "order", "expected"),
    [
        ("a and b", "temporal", "ba", [1]),
        ("a and (b or c)", "temporal", "ca", [1]),
        ("a and not b", "temporal", "ba", []),
        ("a and not b", "temporal", "ca", [1]),
        ("a and b and not c", "temporal_ordered", "ab", [1]),
        ("a and b and not c", "temporal_ordered", "ba", []),
        ("a and b and not c", "temporal_ordered", "cab", []),
        ("a and (b or c)", "temporal_ordered", "ca", []),
        ("a and (b or c)", "temporal_ordered", "ac", [1]),
    ],
)
def test_expressions(build: Build, condition: str, sort: str, order: str, expected: list[int]) -> None:
    section = f"type: {sort}\ncondition: {condition}\ntimespan: 10s"
    assert fires(build(section), [event(t, one) for t, one in enumerate(order)]) == expected


def test_aliases_name_one_thing_in_different_fields(build: Build) -> None:
    section = """type: temporal
rules: [a, b]
group-by: [who]
timespan: 10s
aliases:
  who:
    a: src
    b: dst"""
    events = [event(0, "a", src="1.1.1.1", dst="9.9.9.9"), event(1, "b", src="1.1.1.1", dst="2.2.2.2")]
    assert fires(build(section), events) == []
    assert fires(build(section), [*events, event(2, "b", dst="1.1.1.1")]) == [2]


def test_parents_of_correlations_fire(build: Build) -> None:
    """Failed logins by host, then one that succeeds, by the same user: the parent groups by its own field."""
    many = "type: event_count\nrules: [a]\ngroup-by: [host]\ntimespan: 10s\ncondition:\n  gte: 3"
    then = "type: temporal_ordered\nrules: [c0, b]\ngroup-by: [user]\ntimespan: 1h"
    tries = [event(t, "a", host="h") for t in range(3)]
    assert fires(build(many, then), [*tries, event(100, "b")]) == [3]
    assert fires(build(many, then), [event(0, "b"), *(event(t + 1, "a", host="h") for t in range(3))]) == []
    assert fires(build(many, then), [*tries, event(100, "b", user="other")]) == []
    [alert] = alerts(build(many, then), [*tries, event(100, "b")])
    assert alert.title == "C1" and alert.fields["user"] == "u"


def test_a_grandparent_and_a_count_of_alerts(build: Build) -> None:
    waves = "type: event_count\nrules: [c0]\ngroup-by: [user]\ntimespan: 1h\ncondition:\n  gte: 2"
    last = "type: temporal\nrules: [c1, b]\ngroup-by: [user]\ntimespan: 1h"
    one_long_wave = [event(t) for t in range(9)]
    assert fires(build(COUNT, waves), one_long_wave) == []
    two_waves = [event(t) for t in (0, 1, 2, 100, 101, 102)]
    assert fires(build(COUNT, waves), two_waves) == [5]
    assert fires(build(COUNT, waves, last), [*two_waves, event(200, "b")]) == [6]


def test_what_only_serves_others_is_silent_unless_generated(build: Build) -> None:
    rules, _ = build(COUNT)
    assert rules.links.silent == {"a"}
    rules, _ = build(COUNT + "\ngenerate: true")
    assert rules.links.silent == frozenset()
    then = "type: temporal\nrules: [c0, b]\ngroup-by: [user]\ntimespan: 1h\ngenerate: true"
    rules, _ = build(COUNT, then)
    assert rules.links.silent == {"a"}


def test_one_alert_a_timespan_while_it_goes_on(build: Build) -> None:
    built = build(COUNT)
    found = alerts(built, [event(t) for t in range(30)])
    assert [alert.ts for alert in found] == [2, 13, 24]
    assert len({alert.id for alert in found}) == 3


def test_an_alert_says_how_many_since_when_and_who(build: Build) -> None:
    built = build(COUNT)
    matches = [
        Match(ts=t, kind="ssh", hits={"a": {"user": "u"}}, uid=f"C{t}", src=f"10.0.0.{t % 2}", dst="10.9.9.9", dst_port=22)
        for t in range(3)
    ]  # fmt: skip
    [alert] = built[1].take(matches)
    assert (alert.level, alert.title, alert.rule_id, alert.kind) == ("high", "C0", "c0", "ssh")
    assert (alert.src, alert.dst, alert.dst_port) == (None, "10.9.9.9", 22)
    assert alert.fields == {
        "user": "u", "correlation": "event_count", "count": 3, "value": 3, "timespan": 10.0, "first_ts": 0.0,
        "last_ts": 2.0, "uids": ["C0", "C1", "C2"], "sources": ["10.0.0.0", "10.0.0.1"],
    }  # fmt: skip


def test_late_and_disordered_events(build: Build) -> None:
    assert fires(build(COUNT), [event(5), event(9), event(1)]) == [2]
    assert fires(build(ORDERED), [event(0, "a"), event(5, "c"), event(3, "b")]) == [2]
    built = build(COUNT, lateness=2)
    assert fires(built, [event(5), event(9), event(1)]) == [] and built[1].counters()["late"] == 1
    shuffled = [event(t) for t in random.Random(3).sample(range(20), 20)]
    assert len(alerts(build(COUNT), shuffled)) >= 1


def test_sources_with_clocks_hours_apart_do_not_end_each_other(build: Build) -> None:
    ahead = 8 * 3600
    mixed = [one for t in range(3) for one in (event(t, user="here"), event(t + ahead, user="ahead"))]
    assert fires(build(COUNT), mixed) == [4, 5]


def test_groups_are_bounded_and_the_idle_go_first(build: Build) -> None:
    built = build(COUNT, groups=10)
    events = [event(0.001 * n, user=f"random{n}") for n in range(500)]
    known = [event(0.001 * n, user="known") for n in range(0, 500, 5)]
    assert len(fires(built, sorted(events + known, key=lambda one: one[0]))) >= 3
    counters = built[1].counters()
    assert counters["groups"] == 10 and counters["evicted"] >= 490


def test_one_bad_reference_costs_nothing_but_itself(tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    sections = [
        "type: temporal\n  rules: [a, nowhere]\n  timespan: 1m",
        "type: event_count\n  rules: [a, nowhere]\n  timespan: 1m\n  condition: {gte: 2}",
        "type: event_count\n  rules: [itself]\n  timespan: 1m\n  condition: {gte: 2}\nname: itself",
        "type: event_count\n  rules: [a]\n  timespan: 1m\n  condition: {gte: 2}",
        "type: event_count\n  rules: [a]\n  timespan: tomorrow\n  condition: {gte: 2}",
        "type: value_percentile\n  rules: [a]\n  timespan: 1m\n  condition: {gte: 2, field: x}",
    ]
    path.write_text(
        BASE.format(name="a")
        + "---\n".join(
            f"title: T{number}\ncorrelation:\n  {section}\n" for number, section in enumerate(sections)
        )
    )
    rules = RuleSet.load(RuleSettings(paths=(str(path),)), tmp_path)
    assert [one.title for one in rules.links.correlations] == ["T1", "T3"]
    grave = [problem for problem in rules.problems if not problem.informational]
    assert len(grave) == 4 and all(problem.line > 10 and problem.remedy for problem in grave)
    assert sum("nowhere" in problem.reason for problem in rules.problems) == 2
    assert any("itself" in problem.reason for problem in grave)
    lines = path.read_text().splitlines()
    assert "tomorrow" in lines[next(p for p in grave if "tomorrow" in p.reason).line - 1]


def test_a_correlation_without_a_level_has_its_rules_highest(build: Build, tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(
        BASE.format(name="a") + BASE.format(name="b").replace("level: low", "level: critical")
        + "title: C\ncorrelation:\n  type: temporal\n  rules: [a, b]\n  timespan: 1m\n"
    )  # fmt: skip
    rules = RuleSet.load(RuleSettings(paths=(str(path),)), tmp_path)
    assert rules.links.correlations[0].level == "critical"


SSH = """title: Login failed
name: failed
id: 11111111-1111-4111-8111-111111111111
logsource: {product: zeek, service: ssh}
detection: {s: {auth_success: false}, condition: s}
level: low
---
title: Connection
name: connection
id: 22222222-2222-4222-8222-222222222222
logsource: {category: firewall}
detection: {s: {dst_port: 22}, condition: s}
level: informational
---
title: Guessing
id: 33333333-3333-4333-8333-333333333333
correlation:
  type: temporal
  rules: [failed, connection]
  group-by: [src_ip]
  aliases:
    src_ip: {failed: id.orig_h}
  timespan: 1m
level: high
"""


def test_events_of_several_kinds_by_the_names_of_each_logsource(tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(SSH)
    rules = RuleSet.load(RuleSettings(paths=(str(path),), minimum_level="high"), tmp_path)
    assert not rules.problems
    ends = {"uid": "C1", "orig_h": "10.0.0.5", "orig_p": 50000, "resp_h": "192.0.2.1", "resp_p": 22}
    events: list[Event] = [
        Conn(ts=1.0, proto="tcp", **ends),
        Ssh(ts=2.0, auth_success=False, auth_attempts=1, **ends),
    ]  # type: ignore[arg-type]
    found = rules.find(events)
    assert not found.alerts and len(found.matches) == 2
    [alert] = Correlator(rules.links).take(found.matches)
    assert (alert.src, alert.dst, alert.fields["src_ip"]) == ("10.0.0.5", "192.0.2.1", "10.0.0.5")
    assert json.dumps(alert.fields)
