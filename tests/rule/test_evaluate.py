"""`rules eval`: answers for cases, and the published cases where they stand."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from sentinel.rule import RuleSet, RuleSettings
from sentinel.rule.evaluate import evaluate_cases

pytestmark = pytest.mark.usefixtures("english")

DATA = Path(os.environ.get("SENTINEL_DATA") or Path(__file__).parents[2].parent / "shared" / "data")

RULE = "title: T\nlogsource:\n  product: windows\ndetection:\n  s:\n    a|contains: b\n  condition: s\n"


def answers(cases: Path) -> dict[str, dict[str, object]]:
    out = io.StringIO()
    assert evaluate_cases(cases, out) == 0
    return {answer["id"]: answer for answer in map(json.loads, out.getvalue().splitlines())}


def test_matches_errors_and_odd_files(tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(RULE)
    (tmp_path / "bad.yml").write_text(RULE.replace("contains", "nonsense"))
    (tmp_path / "e.json").write_text('[{"a": "abc"}, {"a": "x"}, {"a": "B"}]')
    (tmp_path / "e.jsonl").write_text('{"a": "x"}\n{"a": "b"}\n')
    rows = [
        ("1", "r.yml", "e.json"),
        ("2", "r.yml", "e.jsonl"),
        ("3", "bad.yml", "e.json"),
        ("4", "none", "e.json"),
    ]
    cases = tmp_path / "cases"
    cases.write_text(
        "".join(
            json.dumps({"id": i, "rule": str(tmp_path / r), "events": str(tmp_path / e)}) + "\n"
            for i, r, e in rows
        )
    )
    got = answers(cases)
    assert got["1"]["matches"] == [0, 2] and got["2"]["matches"] == [1]
    assert "nonsense" in str(got["3"]["error"]) and "error" in got["4"]


@pytest.mark.skipif(not (DATA / "sigma/manifest.json").exists(), reason=f"no published cases in {DATA}")
def test_published_cases(tmp_path: Path) -> None:
    published = json.loads((DATA / "sigma/manifest.json").read_text())
    cases = [case for case in published if not {"fires_at", "silent_at"} & case["expected"].keys()]
    path = tmp_path / "cases"
    path.write_text(
        "".join(
            json.dumps({"id": c["id"], "rule": str(DATA / c["rule"]), "events": str(DATA / c["events"])})
            + "\n"
            for c in cases
        )
    )
    got = answers(path)
    wrong = []
    for case in cases:
        wanted, found = case["expected"], len(got[case["id"]].get("matches", ()))  # type: ignore[arg-type]
        exact = wanted.get("matches")
        if not (found == exact if exact is not None else found >= wanted.get("at_least", 1)):
            wrong.append((case["id"], wanted, got[case["id"]]))
    assert not wrong


@pytest.mark.skipif(not (DATA / "sigmahq").exists(), reason=f"no public rules in {DATA}")
def test_public_rules_load_or_say_why_not() -> None:
    rules = RuleSet.load(RuleSettings(paths=("sigmahq",)), DATA)
    assert len(rules.rules) + len(rules.problems) == 3754
    assert all("placeholder" in problem.reason for problem in rules.problems)
    assert len(rules.problems) <= 2
