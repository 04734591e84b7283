"""Log records meet the rules whose logsource admits them, whatever their order and number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sentinel.event import Log
from sentinel.rule import RuleSet, RuleSettings
from sentinel.rule import log_plan as log_plan_module

RULE = "title: {title}\nlogsource: {{{source}}}\ndetection:\n{detection}level: low\n"
Load = Callable[..., RuleSet]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(*rules: tuple[str, str]) -> RuleSet:
        for number, (source, detection) in enumerate(rules):
            body = "".join(f"  {line}\n" for line in detection.split("\n"))
            text = RULE.format(title=f"r{number}", source=source, detection=body)
            (tmp_path / f"{number}.yml").write_text(text)
        loaded = RuleSet.load(RuleSettings(paths=(str(tmp_path),)), tmp_path)
        assert not loaded.problems, loaded.problems
        return loaded

    return load


def log(fields: dict[str, object], ts: float = 1.0, **source: str) -> Log:
    return Log(ts=ts, source="test", fields=fields, **source)  # type: ignore[arg-type]


def titles(rules: RuleSet, *logs: Log) -> list[list[str]]:
    found: list[list[str]] = [[] for _ in logs]
    for alert in rules.match(list(logs)):
        found[int(alert.ts)].append(alert.title)
    return found


HAS_A = "s:\n  a: x\ncondition: s"


@pytest.mark.parametrize(
    ("source", "admitted"),
    [
        ("product: p", [True, True, True, True, False, False]),
        ("product: p, category: c", [False, True, False, True, False, False]),
        ("product: p, service: s", [False, False, True, True, False, False]),
        ("category: c", [False, True, False, True, True, False]),
        ("product: p, category: c, service: s", [False, False, False, True, False, False]),
        ("product: other", [False] * 6),
    ],
)
def test_a_logsource_admits_what_it_does_not_contradict(
    load: Load, source: str, admitted: list[bool]
) -> None:
    rules = load((source, HAS_A))
    sources = [
        {"product": "p"},
        {"product": "p", "category": "c"},
        {"product": "p", "service": "s"},
        {"product": "p", "category": "c", "service": "s"},
        {"category": "c"},
        {},
    ]
    logs = [log({"a": "X"}, ts=float(place), **one) for place, one in enumerate(sources)]
    assert [bool(found) for found in titles(rules, *logs)] == admitted


def test_event_numbers_sort_records_and_lose_no_rule(load: Load) -> None:
    rules = load(
        ("product: windows", "s:\n  EventID: 1\n  a: x\ncondition: s"),
        ("product: windows", "s:\n  EventID: [1, 2]\ncondition: s"),
        ("product: windows", "s:\n  EventID: 1\ncondition: not s"),
        ("product: windows", "s:\n  EventID|startswith: '1'\ncondition: s"),
        ("product: windows", "s:\n  EventID: null\ncondition: s"),
        ("product: windows", "s:\n  EventID: '2'\nt:\n  a: x\ncondition: s or t"),
        ("product: windows", "s:\n  EventID|gte: 3\ncondition: s"),
    )
    logs = [
        log({"a": "x", "EventID": 1}, 0.0, product="windows"),
        log({"a": "y", "EventID": "1"}, 1.0, product="windows"),
        log({"EventID": 2}, 2.0, product="windows"),
        log({"a": "x", "EventID": 17}, 3.0, product="windows"),
        log({"a": "x"}, 4.0, product="windows"),
        log({"EventID": [1]}, 5.0, product="windows"),
    ]
    assert titles(rules, *logs) == [
        ["r0", "r1", "r3", "r5"],
        ["r1", "r3"],
        ["r1", "r2", "r5"],
        ["r2", "r3", "r5", "r6"],
        ["r2", "r4", "r5"],
        ["r1", "r3"],
    ]


def test_nested_fields_lists_and_keywords(load: Load) -> None:
    rules = load(
        ("product: p", "s:\n  a.b.c: x\ncondition: s"),
        ("product: p", "s:\n  - 'say \"hi\" \\\\ there'\ncondition: s"),
        ("product: p", "s:\n  - 中文\n  - 42\ncondition: s"),
        ("product: p", "s:\n  a.b|exists: true\ncondition: s"),
    )
    logs = [
        log({"a": {"b": {"c": "X"}}}, 0.0, product="p"),
        log({"a.b.c": ["y", "x"]}, 1.0, product="p"),
        log({"a.b": {"c": "x"}}, 2.0, product="p"),
        log({"m": 'They SAY "hi" \\ there.'}, 3.0, product="p"),
        log({"m": ["有中文字"]}, 4.0, product="p"),
        log({"m": {"n": 1425}}, 5.0, product="p"),
        log({"m": "\ud800 42"}, 6.0, product="p"),
        log({"a": {"b": None}}, 7.0, product="p"),
        log({"a.b": None}, 8.0, product="p"),
    ]
    assert titles(rules, *logs) == [
        ["r0", "r3"],
        ["r0"],
        ["r3"],
        ["r1"],
        ["r2"],
        ["r2"],
        ["r2"],
        [],
        ["r3"],
    ]


def test_plans_are_bounded_and_dropped_ones_come_back(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_plan_module, "_MOST", 3)
    rules = load(*(("product: windows", f"s:\n  EventID: {number}\ncondition: s") for number in range(9)))
    for _ in range(2):
        for number in range(9):
            assert titles(rules, log({"EventID": number}, 0.0, product="windows")) == [[f"r{number}"]]


def test_records_of_sources_that_no_rule_names_share_a_plan(load: Load) -> None:
    rules = load(("product: p", HAS_A))
    for number in range(2000):
        assert not titles(rules, log({"a": "x", "EventID": number}, 0.0, product=f"q{number}"))[0]
    assert len(rules._logs._plans) == 1


def test_an_alert_of_a_record_names_what_was_seen(load: Load) -> None:
    rules = load(("product: p", "s:\n  a|contains: x\n  a.b: null\ncondition: s"))
    record = log({"a": "axb", "src_ip": "192.0.2.7", "message": "whole line"}, product="p")
    record.host = "fw1"
    [alert] = rules.match([record])
    assert alert.src == "192.0.2.7" and alert.dst == "fw1"
    assert alert.fields == {"a": "axb", "host": "fw1", "source": "test", "message": "whole line"}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("e", [True, True, True, True, False, False, True]),
        ("f", [True, False, True, False, False, False, False]),
        ("e and x", [True, False, True, False, False, False, True]),
        ("e or x", [True, True, True, True, True, False, True]),
        ("not e", [False, False, False, False, True, True, False]),
        ("x and not (e and not f)", [True, False, True, False, True, False, False]),
        ("not (e or x)", [False, False, False, False, False, True, False]),
    ],
)
def test_what_an_event_number_settles_is_not_asked_again(
    load: Load, condition: str, expected: list[bool]
) -> None:
    rules = load(
        ("product: p", f"e:\n  EventID: [4, 5, 6.0]\nf:\n  EventID: '4'\nx:\n  a: x\ncondition: {condition}")
    )
    records: list[dict[str, object]] = [
        {"EventID": 4, "a": "x"},
        {"EventID": 5, "a": "y"},
        {"EventID": "4", "a": "x"},
        {"EventID": 6, "a": "y"},
        {"EventID": 7, "a": "x"},
        {"EventID": None, "a": "y"},
        {"EventID": [5, 9], "a": "x"},
    ]
    found = titles(rules, *(log(fields, float(n), product="p") for n, fields in enumerate(records)))
    assert [bool(one) for one in found] == expected
