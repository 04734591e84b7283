"""Filters: a site's allow-lists, for the rules they name, for every rule, and for what correlations build on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sentinel.rule import RuleSet, RuleSettings
from sentinel.rule.settings import PlaceholderSettings

pytestmark = pytest.mark.usefixtures("english")

RULES = """title: Rule {name}
name: {name}
id: {name}
logsource:
  product: linux
  service: {name}
detection:
  s:
    type: {name}
  condition: s
---
"""
FILTER = """title: Our scanner
id: allow
logsource:
  product: linux
filter:
  rules: {rules}
  scanner:
    src|startswith: '10.9.'
  condition: not scanner
---
"""


def load(tmp_path: Path, text: str, **settings: Any) -> RuleSet:
    path = tmp_path / "rules.yml"
    path.write_text("".join(RULES.format(name=name) for name in "ab") + text, encoding="utf-8")
    return RuleSet.load(RuleSettings(paths=(str(path),), **settings), tmp_path)


def matching(rules: RuleSet, **record: Any) -> list[str]:
    return [rule.id for rule in rules.match_records([record])[0]]


@pytest.mark.parametrize(
    ("named", "filtered"),
    [("any", "ab"), ("[]", "ab"), ("[a]", "a"), ("b", "b"), ("[nowhere, b]", "b"), ("[nowhere]", "")],
)
def test_which_rules_are_filtered(tmp_path: Path, named: str, filtered: str) -> None:
    rules = load(tmp_path, FILTER.format(rules=named))
    for name in "ab":
        assert matching(rules, type=name, src="10.1.0.1") == [name]
        assert matching(rules, type=name, src="10.9.0.1") == ([] if name in filtered else [name])
    grave = [problem for problem in rules.problems if not problem.informational]
    assert len(grave) == ("nowhere" in named)
    for problem in grave:
        assert (
            "nowhere" in problem.reason and problem.rule == "allow" and problem.line == 23 and problem.remedy
        )


def test_only_rules_about_the_same_events(tmp_path: Path) -> None:
    text = FILTER.replace("product: linux", "product: linux\n  service: a")
    rules = load(tmp_path, text.format(rules="any"))
    assert matching(rules, type="a", src="10.9.0.1") == []
    assert matching(rules, type="b", src="10.9.0.1") == ["b"]
    rules = load(tmp_path, text.format(rules="[a, b]"))
    [problem] = [problem for problem in rules.problems if not problem.informational]
    assert "other events" in problem.reason and "`b`" in problem.reason


def test_a_filter_of_a_correlation_is_for_the_rules_beneath(tmp_path: Path) -> None:
    correlation = "title: C\nname: c\ncorrelation:\n  type: temporal\n  rules: [a, b]\n  timespan: 1m\n---\n"
    rules = load(tmp_path, correlation + FILTER.format(rules="c"))
    assert not [problem for problem in rules.problems if not problem.informational]
    for name in "ab":
        assert matching(rules, type=name, src="10.9.0.1") == []


def test_a_filter_that_keeps_instead_of_excluding_is_told(tmp_path: Path) -> None:
    rules = load(tmp_path, FILTER.replace("not scanner", "scanner").format(rules="any"))
    assert matching(rules, type="a", src="10.9.0.1") == ["a"]
    assert matching(rules, type="a", src="10.1.0.1") == []
    [told] = [problem for problem in rules.problems if "only where it holds" in problem.reason]
    assert told.informational and "not selection" in told.remedy


@pytest.mark.parametrize(
    "broken",
    [
        FILTER.format(rules="any").replace("condition: not scanner", "condition: not elsewhere"),
        FILTER.format(rules="any").replace("logsource:\n  product: linux\n", ""),
        FILTER.format(rules="any").replace("  rules: any\n", ""),
        FILTER.format(rules="any").replace("startswith", "sturtswith"),
        "title: F\nlogsource: {product: linux}\nfilter: nonsense\n---\n",
    ],
)
def test_a_broken_filter_stops_no_rule(tmp_path: Path, broken: str) -> None:
    rules = load(tmp_path, broken)
    assert matching(rules, type="a", src="10.9.0.1") == ["a"]
    [problem] = [problem for problem in rules.problems if not problem.informational]
    assert problem.line >= 23 and problem.reason and problem.remedy


PLACED = """title: P
id: placed
logsource: {{product: linux}}
detection:
  s:
    user|{modifiers}: '{value}'
  condition: s
"""
LISTS = (PlaceholderSettings("admins", ("root", "adm_*")), PlaceholderSettings("hosts", ("srv?", "10.0.0.1")))


@pytest.mark.parametrize(
    ("modifiers", "value", "user", "expected"),
    [
        ("expand", "%admins%", "ROOT", True),
        ("expand", "%admins%", "adm_li", True),
        ("expand", "%admins%", "guest", False),
        ("expand|cased", "%admins%", "ROOT", False),
        ("expand", "%admins%@%hosts%", "root@srv7", True),
        ("expand", "%admins%@%hosts%", "root@srv77", False),
        ("contains|expand", "%admins%", "x root y", True),
        ("re|expand", "^%admins%@%hosts%$", "root@10.0.0.1", True),
        ("re|expand", "^%admins%@%hosts%$", "root@10x0.0.1", False),
        ("expand", "\\%admins%", "%admins%", True),
        ("expand", "\\%plain%admins%", "%plainroot", True),
        ("contains", "%admins%", "a %admins% b", True),
        ("contains", "%admins%", "a root b", False),
    ],
)
def test_placeholders(tmp_path: Path, modifiers: str, value: str, user: str, expected: bool) -> None:
    rules = load(tmp_path, PLACED.format(modifiers=modifiers, value=value), placeholders=LISTS)
    assert not [problem for problem in rules.problems if not problem.informational]
    assert ("placed" in matching(rules, user=user)) is expected


def test_a_placeholder_without_a_list_refuses_its_rule_alone(tmp_path: Path) -> None:
    rules = load(tmp_path, PLACED.format(modifiers="expand", value="%nobody%"), placeholders=LISTS)
    assert matching(rules, type="a") == ["a"]
    [problem] = [problem for problem in rules.problems if not problem.informational]
    assert "%nobody%" in problem.reason and "rule.placeholders" in problem.remedy


def test_another_list_is_not_taken_from_the_cache(tmp_path: Path) -> None:
    text = PLACED.format(modifiers="expand", value="%admins%")
    for name in ("root", "toor"):
        rules = load(tmp_path, text, placeholders=(PlaceholderSettings("admins", (name,)),))
        assert matching(rules, user=name) == ["placed"]
