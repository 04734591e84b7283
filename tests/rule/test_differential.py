"""The engine and the oracle agree: on every rule of the pack and of SigmaHQ, and on rules made up at random."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.rule import RuleSet
from sentinel.rule import index as index_module
from sentinel.rule.library import load_paths
from sentinel.rule.load import load_content

sys.path.insert(
    0, str(Path(__file__).parent)
)  # tests are imported by path: their own modules stand beside them

from differential import Comparison, compare, documents
from oracle import matches

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("SENTINEL_DATA") or ROOT.parent / "shared" / "data")
SLICES = 4
PUBLIC = pytest.mark.skipif(not (DATA / "sigmahq").exists(), reason=f"no public rules in {DATA}")


def test_the_pack() -> None:
    rules = [rule for rule in load_paths(("rules",), ROOT).rules if "payload" not in rule.kinds]
    result = Comparison()
    compare(rules, documents(rules), 20, 1, result)
    assert not result.differences
    assert min(len(result.held), len(result.failed)) > len(rules) * 0.8


@PUBLIC
@pytest.mark.parametrize("part", range(SLICES))
def test_the_public_rules(part: int) -> None:
    rules = load_paths(("sigmahq",), DATA).rules[part::SLICES]
    result = Comparison()
    compare(rules, documents(rules), 2, part, result)
    assert not result.differences
    assert len(result.held) > len(rules) * 0.7 and len(result.failed) > len(rules) * 0.6


def test_an_index_that_loses_something_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = index_module.FieldIndex._scan

    def careless(self: Any, scanner: Any, texts: list[str], found: list[int]) -> None:
        whole(self, scanner, [text[:-1] for text in texts], found)

    monkeypatch.setattr(index_module.FieldIndex, "_scan", careless)
    rules = [rule for rule in load_paths(("rules",), ROOT).rules if "payload" not in rule.kinds]
    result = Comparison()
    compare(rules, documents(rules), 20, 1, result)
    assert result.differences


TEXTS = st.text("abA*?\\ -/.1\u212aéÉ中\n", max_size=7)
PLAIN = st.text("abA -/1é中", min_size=1, max_size=7)
FIELDS = st.sampled_from(["f", "g", "h.i", ""])


@st.composite
def field_items(draw: st.DrawFn) -> dict[str, Any]:
    field = draw(FIELDS)
    some = {"max_size": 3, "min_size": 1}
    sort = draw(st.integers(0, 7))
    if not field:
        return {"|all": draw(st.lists(TEXTS.filter(bool), **some))}  # type: ignore[arg-type]
    if sort == 0:
        return {field: draw(st.one_of(st.none(), st.booleans(), st.integers(-2, 12), TEXTS))}
    if sort == 1:
        return {f"{field}|{draw(st.sampled_from(['lt', 'lte', 'gt', 'gte']))}": draw(st.integers(-2, 12))}
    if sort == 2:
        regexes = ["a+b", "(ab|ba)", "^a", "b$", "[ab]{2}", r"\s-", r"\ba", "é", "(?i)ab", ".b?1", r"\w\W"]
        return {f"{field}|re{draw(st.sampled_from(['', '|i', '|s', '|m']))}": draw(st.sampled_from(regexes))}
    if sort == 3:
        return {f"{field}|cidr": draw(st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "fe80::/10"]))}
    if sort == 4:
        return {f"{field}|exists": draw(st.booleans())}
    if sort == 5:
        return {f"{field}|{draw(st.sampled_from(['base64offset|contains', 'base64']))}": draw(PLAIN)}
    modifiers = draw(st.sampled_from(["", "|contains", "|startswith", "|endswith"]))
    modifiers += draw(st.sampled_from(["", "", "|cased", "|windash"]))
    values = draw(st.lists(TEXTS.filter(bool), **some))  # type: ignore[arg-type]
    return {f"{field}{modifiers}{draw(st.sampled_from(['', '', '|all']))}": values}


SEARCHES = st.one_of(
    st.lists(field_items(), min_size=1, max_size=3).map(
        lambda items: {k: v for item in items for k, v in item.items()}
    ),
    st.lists(field_items(), min_size=1, max_size=3),
    st.lists(TEXTS.filter(bool), min_size=1, max_size=3),
)
CONDITIONS = st.sampled_from(
    [
        "a",
        "not a",
        "a and b",
        "a or not b",
        "not (a or b)",
        "1 of them",
        "all of them",
        "1 of a* and not b",
        "a and b or not a",
    ]
)
VALUES = st.one_of(
    TEXTS, st.integers(-2, 12), st.booleans(), st.none(), st.lists(TEXTS, max_size=3), st.just(1.5),
    st.sampled_from(["10.1.2.3", "11.0.0.1", "fe80::1", "YQ==", "1", "true"]),
)  # fmt: skip
EVENTS = st.lists(
    st.dictionaries(st.sampled_from(["f", "g", "h.i", "h", "z"]), VALUES, max_size=4), min_size=1, max_size=5
)


@settings(max_examples=250, deadline=None)
@given(SEARCHES, SEARCHES, CONDITIONS, EVENTS, st.integers())
def test_rules_at_random(a: Any, b: Any, condition: str, events: list[dict[str, Any]], seed: int) -> None:
    detection = {"a": a, "b": b, "condition": condition}
    document = {"title": "t", "logsource": {"product": "p"}, "detection": detection}
    compiled = load_content(Path("r.yml"), yaml.safe_dump(document, allow_unicode=True).encode())
    if compiled.problems:
        return
    random.Random(seed).shuffle(events)
    answers = RuleSet(compiled.rules).match_records(events)
    assert [bool(answer) for answer in answers] == [matches(document, event) for event in events]
