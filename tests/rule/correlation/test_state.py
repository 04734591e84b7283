"""State: a restart anywhere neither forgets nor tells twice; damage costs what is damaged."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sentinel.rule import Correlator, Match, RuleSet, RuleSettings
from sentinel.rule.correlation.state import StatePart, recall, restore, save
from sentinel.rule.settings import CorrelationSettings

BASES = "".join(
    f"title: {name}\nid: {name}\nlogsource: {{category: t}}\ndetection: {{s: {{a: b}}, condition: s}}\n---\n"
    for name in "ab"
)
SECTIONS = {
    "event_count": "condition: {gte: 4}",
    "value_count": "condition: {gte: 3, field: n}",
    "value_sum": "condition: {gte: 9.5, field: n}",
    "value_median": "condition: {gte: 3, field: n}",
    "temporal": "condition: a and b",
    "temporal_ordered": "condition: {gte: 2}",
}


def rules(folder: Path, sort: str, more: str = "") -> RuleSet:
    section = (
        f"  type: {sort}\n  rules: [a, b]\n  group-by: [user, host]\n  timespan: 10s\n  {SECTIONS[sort]}\n"
    )
    (folder / "rules.yml").write_text(f"{BASES}title: C\nid: c\ncorrelation:\n{section}{more}")
    return RuleSet.load(RuleSettings(paths=("rules.yml",)), folder)


def matches(number: int = 200) -> list[Match]:
    rng = random.Random(7)
    return [
        Match(
            ts=n * 0.7 + rng.choice((0, 0, -2)),
            hits={rng.choice("ab"): {"user": rng.choice("xyz"), "host": "h", "n": rng.choice((1, 2.5, 5))}},
            uid=f"C{n}",
        )
        for n in range(number)
    ]


@pytest.mark.parametrize("sort", SECTIONS)
def test_a_restart_makes_no_difference(tmp_path: Path, sort: str) -> None:
    rule_set, all_of_them = rules(tmp_path, sort), matches()
    whole = Correlator(rule_set.links).take(all_of_them)
    assert len(whole) > 5
    for cut in (1, 20, 77, 150):
        first, second = Correlator(rule_set.links), Correlator(rule_set.links)
        told = first.take(all_of_them[:cut])
        groups, damaged = restore(second, list(save(first)))
        assert groups == len(first.trackers["c"].groups) and not damaged
        told += second.take(all_of_them[cut:])
        assert told == whole, cut


def test_only_what_changed_is_saved(tmp_path: Path) -> None:
    correlator = Correlator(rules(tmp_path, "event_count").links)
    assert list(save(correlator)) == []
    correlator.take(matches(3))
    assert [bool(part.data) for part in save(correlator)] == [False, True]
    assert list(save(correlator)) == []


def test_many_groups_come_in_parts(tmp_path: Path) -> None:
    rule_set = rules(tmp_path, "event_count")
    correlator, other = Correlator(rule_set.links), Correlator(rule_set.links)
    correlator.take(Match(ts=1.0, hits={"a": {"user": str(n), "host": "h"}}) for n in range(2500))
    parts = list(save(correlator))
    assert len(parts) == 4 and restore(other, parts) == (2500, 0)
    small = Correlator(rule_set.links, CorrelationSettings(groups=100))
    restore(small, parts)
    assert small.counters()["groups"] == 100 and small.counters()["evicted"] == 2400


def test_damage_and_changed_correlations_cost_only_themselves(tmp_path: Path) -> None:
    correlator = Correlator(rules(tmp_path, "value_count").links)
    correlator.take(matches(20))
    [empty, part] = save(correlator)
    fresh = Correlator(rules(tmp_path, "value_count").links)
    broken = [
        StatePart("c", part.signature, part.data[:-3]),
        StatePart("c", part.signature, b"\xc1"),
        StatePart("gone", part.signature, part.data),
        StatePart("c", "another", part.data),
        empty,
    ]
    assert restore(fresh, broken) == (0, 2)
    assert restore(fresh, [*broken, part])[0] == len(correlator.trackers["c"].groups)
    changed = Correlator(rules(tmp_path, "event_count").links)
    assert restore(changed, [part]) == (0, 0)


def test_nothing_is_told_again_even_where_it_was_not_saved(tmp_path: Path) -> None:
    rule_set = rules(tmp_path, "event_count")
    burst = [Match(ts=100 + n * 0.1, hits={"a": {"user": "x", "host": "h"}}) for n in range(8)]
    first = Correlator(rule_set.links)
    [alert] = first.take(burst)
    forgetful = Correlator(rule_set.links)
    assert len(forgetful.take(burst)) == 1, "a daemon without memory would tell it again"
    second = Correlator(rule_set.links)
    recall(second, [alert])
    assert second.take(burst) == []
    again = [Match(ts=200 + n * 0.1, hits={"a": {"user": "x", "host": "h"}}) for n in range(8)]
    assert len(second.take(again)) == 1
