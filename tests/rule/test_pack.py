"""The shipped rules: each is complete, and holds on its own positive test events and on no negative one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sentinel.event import KINDS, Event, field_attributes
from sentinel.rule import Rule, RuleSet, RuleSettings
from sentinel.rule.access import RecordAccess
from sentinel.rule.condition import leaves
from sentinel.rule.correlation import Correlation
from sentinel.rule.library import rule_files
from sentinel.rule.load import load_file
from sentinel.rule.logsource import COMPUTED, kind_of
from sentinel.rule.plan import Plan
from sentinel.rule.settings import SHIPPED_LISTS
from sentinel.rule.trial import event_of, events_file, trial_events, trial_sequences, try_correlation
from sentinel.rule.view import shipped_pipelines, views_of

ROOT = Path(__file__).parents[2]
FILES, _ = rule_files(["rules"], ROOT)
NAMES = [str(path.relative_to(ROOT / "rules")).removesuffix(".yml") for path in FILES]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
CATEGORY = re.compile(r"(?:MP|NA|DS|IC|DE|RO|SHE|AB|FOC)[A-Z]+")
FLOW = {"ts": 1.0, "uid": "C1", "id.orig_h": "10.1.2.3", "id.orig_p": 50000, "id.resp_h": "192.0.2.1"}


PACK = RuleSet.load(RuleSettings(), ROOT)


def told(path: Path) -> Rule | Correlation:
    """What a file is about; other documents in it only serve that one."""
    compiled = load_file(path, SHIPPED_LISTS)
    assert not compiled.problems, "\n".join(map(str, compiled.problems))
    [one] = [
        document
        for document in (*compiled.rules, *compiled.correlations)
        if document.id not in PACK.links.silent
    ]
    return one


def typed(kind: str, fields: dict[str, Any]) -> Event:
    """An event from its wire names; bytes are written as Latin-1 text."""
    return event_of({"kind": kind, **fields})


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_rule_says_all_that_the_desk_needs(path: Path) -> None:
    rule = told(path)
    document = next(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    assert document["id"] == rule.id, "the document that the file is about comes first"
    assert document["title"] and document["level"] and document["date"] and rule.status
    for text in (rule.title, rule.description, rule.respond):
        assert text and CHINESE.search(text)
    for text in (rule.title_en, rule.description_en, rule.respond_en):
        assert text and not CHINESE.search(text)
    assert rule.author == "sentinel"
    assert rule.references and all(link.startswith("https://") for link in rule.references)
    assert rule.falsepositives
    # power, heat and water are no one's technique
    assert rule.category == "DEACCFAC" or any(tag.startswith("attack.t") for tag in rule.tags)
    assert rule.category and CATEGORY.fullmatch(rule.category)
    if isinstance(rule, Correlation):
        return
    assert rule.kinds or RuleSet([rule]).wants("log")
    for view in views_of(rule.logsource, shipped_pipelines()):
        kind = kind_of(view.source)
        if kind in KINDS:
            known = field_attributes(KINDS[kind]).keys() | COMPUTED.get(kind, {}).keys()
            assert {view.name(leaf.field) for leaf in leaves(rule.condition) if leaf.field} <= known


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_rule_holds_where_its_test_says(path: Path) -> None:
    rule = told(path)
    if isinstance(rule, Correlation):
        outcomes = try_correlation(rule, PACK, trial_sequences(events_file(path)))
        assert {outcome.expected for outcome in outcomes} == {True, False}
        assert [outcome for outcome in outcomes if not outcome.right] == []
        return
    cases = trial_events(events_file(path))
    assert {expected for expected, _ in cases} == {True, False}
    for number, (expected, fields) in enumerate(cases):
        kind = fields.pop("kind")
        if kind in KINDS:
            alerts = RuleSet([rule]).match(
                [typed(kind, {**fields, "uid": f"C{number}"} if _flows(kind) else fields)]
            )
            held = bool(alerts)
        else:
            held = bool(Plan([(0, rule.condition, str)], RecordAccess(kind)).match([{**FLOW, **fields}]))
        assert held is expected, f"event {number}: {fields}"


def _flows(kind: str) -> bool:
    return "uid" in field_attributes(KINDS[kind])


def test_the_pack_as_a_whole() -> None:
    rules = RuleSet.load(RuleSettings(), ROOT)
    assert not rules.problems
    assert len({document.title for document in rules.telling()}) == len(FILES) >= 30
    tests = {path.name.removesuffix(".test.yml") for path in (ROOT / "rules").rglob("*.test.yml")}
    assert tests == {path.stem for path in FILES}


def test_negatives_of_one_rule_fire_no_other_above_medium() -> None:
    """But for those that another rule names as its own."""
    rules = RuleSet.load(RuleSettings(), ROOT)
    trials = [(path, *trial) for path in FILES for trial in trial_events(events_file(path))]
    wanted = [fields for _, expected, fields in trials if expected]
    for path, expected, fields in trials:
        if not expected and fields["kind"] in KINDS and fields not in wanted:
            fields = dict(fields)
            kind = fields.pop("kind")
            if _flows(kind):
                fields["uid"] = f"C{path.stem}{fields}"
            loud = [alert.title for alert in rules.match([typed(kind, fields)]) if alert.level.rank > 2]
            assert not loud, f"{path.stem}: {fields}"
