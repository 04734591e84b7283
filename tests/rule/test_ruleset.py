"""Matching typed events: every sort of question, order, and evidence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentinel.event import Conn, Event, Level, Weird
from sentinel.rule import Correlator, RuleSet, RuleSettings
from sentinel.text import speaking


def weird(name: str, ts: float = 1.0, **fields: object) -> Weird:
    return Weird(ts=ts, name=name, **fields)  # type: ignore[arg-type]


def conn(**fields: object) -> Conn:
    given: dict[str, object] = {
        "ts": 1.0, "uid": "C1", "orig_h": "10.0.0.5", "orig_p": 50000,
        "resp_h": "192.0.2.1", "resp_p": 443, "proto": "tcp",
    }  # fmt: skip
    return Conn(**(given | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("detection", "event", "expected"),
    [
        ("s:\n  name: Foo\ncondition: s", weird("fOO"), True),
        ("s:\n  name: Foo\ncondition: s", weird("food"), False),
        ("s:\n  name|cased: Foo\ncondition: s", weird("foo"), False),
        ("s:\n  name|cased: Foo\ncondition: s", weird("Foo"), True),
        ("s:\n  name|contains: oo\ncondition: s", weird("fOOd"), True),
        ("s:\n  name|contains: 中文\ncondition: s", weird("有中文字"), True),
        ("s:\n  name|contains: ÉCOLE\ncondition: s", weird("une école"), True),
        ("s:\n  name|contains|cased: KEY\ncondition: s", weird("KEY\u212a"), True),
        ("s:\n  name|contains: keyboard\ncondition: s", weird("\u212aeyboard"), True),
        ("s:\n  name|startswith: ab\ncondition: s", weird("ABc"), True),
        ("s:\n  name|endswith: '.js'\ncondition: s", weird("x.JS"), True),
        ("s:\n  name|endswith: '.js'\ncondition: s", weird("x.js?"), False),
        ("s:\n  name: 'a*long*z'\ncondition: s", weird("a very\nLONG way to z"), True),
        ("s:\n  name: 'a?c'\ncondition: s", weird("abc"), True),
        ("s:\n  name: 'a?c'\ncondition: s", weird("ac"), False),
        ("s:\n  name: 'a\\*c'\ncondition: s", weird("a*c"), True),
        ("s:\n  name: 'a\\*c'\ncondition: s", weird("abc"), False),
        ("s:\n  name: ''\ncondition: s", weird(""), True),
        ("s:\n  name|re: 'fo+[bd]ar$'\ncondition: s", weird("xfooobar"), True),
        ("s:\n  name|re: 'fo+[bd]ar$'\ncondition: s", weird("xFOOBAR"), False),
        ("s:\n  name|re|i: '(?:union|select).+from'\ncondition: s", weird("x SELECT a FROM b"), True),
        ("s:\n  name|re: '^(?!ok)'\ncondition: s", weird("bad"), True),
        ("s:\n  name|contains|all:\n    - one\n    - two\ncondition: s", weird("two one"), True),
        ("s:\n  name|contains|all:\n    - one\n    - two\ncondition: s", weird("two"), False),
        ("s:\n  name|windash|contains: ' -enc'\ncondition: s", weird("a /enc b"), True),
        ("s:\n  name|base64offset|contains: secret\ncondition: s", weird("YSBzZWNyZXQ="), True),
        ("s:\n  addl: null\ncondition: s", weird("x"), True),
        ("s:\n  addl: null\ncondition: s", weird("x", addl="y"), False),
        ("s:\n  addl|exists: true\ncondition: s", weird("x"), False),
        ("s:\n  addl|exists: false\ncondition: s", weird("x"), True),
        ("s:\n  name|fieldref: addl\ncondition: s", weird("x", addl="X"), True),
        ("s:\n  name|fieldref: addl\ncondition: s", weird("x", addl="y"), False),
        ("s:\n  name|neq: x\ncondition: s", weird("y"), True),
        ("s:\n  name|neq: x\ncondition: s", weird("X"), False),
        ("s:\n  no_such_field: x\ncondition: s", weird("x"), False),
        ("s:\n  no_such_field: x\ncondition: not s", weird("x"), True),
        ("s:\n  ts|hour: 1\ncondition: s", weird("x", ts=3600.0), True),
        ("s:\n  - needle in\ncondition: s", weird("x", addl="a NEEDLE in hay"), True),
        ("a:\n  name: x\n_b:\n  name: y\ncondition: 1 of them", weird("y"), False),
        ("a1:\n  name: x\na2:\n  addl: y\ncondition: all of a*", weird("x", addl="y"), True),
    ],
)  # fmt: skip
def test_questions_of_text(
    make_rules: Callable[..., RuleSet], detection: str, event: Event, expected: bool
) -> None:
    rules = make_rules(detection)
    assert not rules.problems
    assert bool(rules.match([event])) is expected
    assert [bool(rules.match([weird("pad"), event, weird("pad")]))] >= [expected]


@pytest.mark.parametrize(
    ("detection", "event", "expected"),
    [
        ("s:\n  id.resp_p: 443\ncondition: s", conn(), True),
        ("s:\n  id.resp_p: '443'\ncondition: s", conn(), True),
        ("s:\n  id.resp_p: '44*'\ncondition: s", conn(), True),
        ("s:\n  id.resp_p|gte: 443\n  id.resp_p|lt: 444\ncondition: s", conn(), True),
        ("s:\n  id.resp_p|gt: 443\ncondition: s", conn(), False),
        ("s:\n  duration|gt: 1\ncondition: s", conn(), False),
        ("s:\n  duration|gt: 1\ncondition: s", conn(duration=1.5), True),
        ("s:\n  local_orig: true\ncondition: s", conn(local_orig=True), True),
        ("s:\n  local_orig: false\ncondition: s", conn(local_orig=True), False),
        ("s:\n  id.orig_h|cidr: 10.0.0.0/8\ncondition: s", conn(), True),
        ("s:\n  id.resp_h|cidr:\n    - 10.0.0.0/8\n    - 2001:db8::/32\ncondition: s", conn(), False),
        ("s:\n  id.resp_h|cidr: 2001:db8::/32\ncondition: s", conn(resp_h="2001:db8::9"), True),
        ("s:\n  tunnel_parents: Cx\ncondition: s", conn(tunnel_parents=["Cy", "Cx"]), True),
        ("s:\n  tunnel_parents|contains: long\ncondition: s", conn(tunnel_parents=["Cy", "aLONGx"]), True),
    ],
)  # fmt: skip
def test_questions_of_numbers_and_addresses(
    make_rules: Callable[..., RuleSet], detection: str, event: Event, expected: bool
) -> None:
    assert bool(make_rules(detection, service="conn").match([event])) is expected


def test_alerts_come_in_the_order_of_events_then_rules(make_rules: Callable[..., RuleSet]) -> None:
    rules = make_rules(
        "s:\n  name|contains: alpha\ncondition: s",
        "s:\n  name: nothing\ncondition: not s",
        "s:\n  name|contains: beta\ncondition: s",
    )
    events: list[Event] = [weird("a beta and alpha", ts=1), conn(), weird("beta", ts=2)]
    titles = [(alert.ts, alert.title) for alert in rules.match(events)]
    assert titles == [(1, "T0"), (1, "T1"), (1, "T2"), (2, "T1"), (2, "T2")]
    assert rules.match(events) == rules.match(events)


def test_an_alert_says_who_whom_and_why(make_rules: Callable[..., RuleSet]) -> None:
    rules = make_rules("s:\n  proto: tcp\n  id.resp_p: 443\ncondition: s", service="conn")
    [alert] = rules.match([conn()])
    assert (alert.src, alert.src_port, alert.dst, alert.dst_port) == ("10.0.0.5", 50000, "192.0.2.1", 443)
    assert alert.fields == {"proto": "tcp", "id.resp_p": 443}
    assert alert.level is Level.HIGH and alert.kind == "conn" and alert.uid == "C1"
    [again] = rules.match([conn()])
    [other] = rules.match([conn(ts=2.0)])
    assert alert.id == again.id != other.id


def test_a_hit_is_charged_to_the_event_that_holds_it(make_rules: Callable[..., RuleSet]) -> None:
    rules = make_rules(
        "s:\n  name|contains: 'one\\n'\ncondition: s", "s:\n  name|contains: needle\ncondition: s"
    )
    names = ["nee", "dle", "x" * 300, "a needle", "中needle", "needl", "e", ""]
    found = [alert.ts for alert in rules.match([weird(name, ts=i) for i, name in enumerate(names)])]
    assert found == [3, 4]


def test_a_flood_of_hits_is_still_matched(make_rules: Callable[..., RuleSet]) -> None:
    rules = make_rules("s:\n  name|contains: abc\ncondition: s")
    events = [weird("abc" * 5000, ts=0), weird("ab", ts=1), weird("xabc", ts=2)]
    assert [alert.ts for alert in rules.match(events)] == [0, 2]


def test_wants_and_minimum_level_and_disabled(make_rules: Callable[..., RuleSet], tmp_path: Path) -> None:
    rules = make_rules("s:\n  name: x\ncondition: s")
    assert rules.wants("weird") and not rules.wants("payload")
    settings = RuleSettings(paths=("weird",), minimum_level="critical")
    assert not RuleSet.load(settings, tmp_path).rules
    settings = RuleSettings(paths=("weird",), minimum_level="loud")
    loaded = RuleSet.load(settings, tmp_path)
    assert loaded.rules and "loud" in loaded.problems[0].reason
    settings = RuleSettings(paths=("weird",), disabled=(rules.rules[0].id,))
    assert not RuleSet.load(settings, tmp_path).rules


def test_records_of_any_shape(make_rules: Callable[..., RuleSet]) -> None:
    rules = make_rules(
        "s:\n  a.b: x\ncondition: s",
        "s:\n  a|exists: true\ncondition: s",
        "s:\n  n: 5\ncondition: s",
        "s:\n  - hello\ncondition: s",
        "s:\n  a: null\ncondition: s",
    )
    records = [{"a": {"b": "X"}}, {"a.b": "x"}, {"a": None}, {"n": "5"}, {"deep": {"er": ["say Hello"]}}]
    titles = [[rule.title for rule in held] for held in rules.match_records(records)]
    assert titles == [["T0", "T1"], ["T0", "T4"], ["T1", "T4"], ["T2", "T4"], ["T3", "T4"]]


def test_an_alert_speaks_the_language_of_the_day(tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(
        "title: 标题\ndescription: 说明\ndescription_en: what it is\nrespond: 处置\nrespond_en: what to do\n"
        "logsource: {product: sentinel, service: weird}\ndetection: {s: {name: odd}, condition: s}\n---\n"
        "title: 只有中文\nrespond: 处置\n"
        "logsource: {product: sentinel, service: weird}\ndetection: {s: {name: odd}, condition: s}\n"
    )
    rules = RuleSet.load(RuleSettings(paths=("r.yml",)), tmp_path)
    event = Weird(ts=1.0, name="odd")
    for language, words in (("zh", ("说明", "处置")), ("en", ("what it is", "what to do"))):
        with speaking(language):
            both, chinese = rules.match([event])
        assert (both.description, both.respond) == words
        assert (chinese.description, chinese.respond) == (None, "处置")


CHAINED = """title: base
id: base
logsource: {product: sentinel, service: weird}
detection: {s: {name: odd}, condition: s}
level: low
---
title: many
id: many
level: medium
correlation: {type: event_count, rules: [base], timespan: 1m, condition: {gte: 2}}
"""


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["many"]),
        ({"disabled": ("many",)}, []),
        ({"disabled": ("base",)}, []),
        ({"minimum_level": "medium"}, ["many"]),
        ({"minimum_level": "high"}, []),
    ],
)
def test_what_only_serves_stays_silent_whatever_is_switched_off(
    tmp_path: Path, settings: dict[str, Any], expected: list[str]
) -> None:
    (tmp_path / "r.yml").write_text(CHAINED)
    rules = RuleSet.load(RuleSettings(paths=("r.yml",), **settings), tmp_path)
    alerts, matches = rules.find([weird("odd", 1.0), weird("odd", 2.0)])
    assert [alert.title for alert in [*alerts, *Correlator(rules.links).take(matches)]] == expected
    assert [document.id for document in rules.telling()] == expected
