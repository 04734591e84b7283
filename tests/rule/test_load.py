"""Loading: what is refused, where, and that it stops nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.rule import RuleSet, RuleSettings
from sentinel.rule.load import load_file

pytestmark = pytest.mark.usefixtures("english")

GOOD = """title: Good
id: 11111111-1111-4111-8111-111111111111
title_en: Good one
respond: 先看日志
category: NASCAN
logsource:
  category: proxy
detection:
  s:
    c-uri|contains: /evil
  condition: s
level: low
tags: [attack.t1190, cve.2021-44228]
"""


def test_a_rule_carries_all_its_words(tmp_path: Path) -> None:
    path = tmp_path / "good.yml"
    path.write_text("# a comment\n---\n" + GOOD, encoding="utf-8")
    compiled = load_file(path)
    [rule] = compiled.rules
    assert not compiled.problems
    assert (rule.title_en, rule.respond, rule.category) == ("Good one", "先看日志", "NASCAN")
    assert rule.tags == ("attack.t1190", "cve.2021-44228") and rule.level == "low"
    assert rule.kinds == ("http",) and rule.line == 3


def test_bad_documents_are_named_with_line_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "bad.yml"
    bad = {
        "modifier": GOOD.replace("contains", "contians"),
        "condition": GOOD.replace("condition: s", "condition: nowhere"),
        "regex": GOOD.replace("contains: /evil", "re: '('"),
        "yaml": "title: [unclosed\n",
        "list": "- 1\n",
        "logsource": GOOD.replace("logsource:", "logsauce:"),
        "expand": GOOD.replace("contains: /evil", "expand: '%hosts%'"),
        "level": GOOD.replace("level: low", "level: huge"),
    }
    documents = list(bad.values())
    path.write_text("\n---\n".join([*documents, GOOD]), encoding="utf-8")
    compiled = load_file(path)
    rules, problems = compiled.rules, compiled.problems
    assert [rule.title for rule in rules] == ["Good"]
    assert len(problems) == len(bad)
    for problem in problems:
        assert problem.path == path and problem.line > 0 and problem.reason and problem.remedy
    lines = path.read_text(encoding="utf-8").splitlines()
    assert "detection" in lines[problems[0].line - 1]
    assert "level" in lines[problems[-1].line - 1]
    assert "hosts" in problems[6].reason


def test_an_id_that_is_no_uuid_is_told_and_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "plain.yml"
    path.write_text(GOOD.replace("11111111-1111-4111-8111-111111111111", "my-rule"), encoding="utf-8")
    compiled = load_file(path)
    [rule], [problem] = compiled.rules, compiled.problems
    assert (
        rule.id == "my-rule" and problem.informational and "my-rule" in problem.reason and problem.line == 2
    )


def test_old_collections(tmp_path: Path) -> None:
    path = tmp_path / "old.yml"
    path.write_text(
        "action: global\ntitle: G\nlogsource:\n  category: proxy\nlevel: high\n"
        "---\ndetection:\n  s:\n    a: 1\n  condition: s\n"
        "---\naction: repeat\nlevel: low\ndetection:\n  s:\n    a: 2\n"
        "---\naction: reset\n---\n" + GOOD + "---\naction: nonsense\ntitle: N\n",
        encoding="utf-8",
    )
    compiled = load_file(path)
    assert [(rule.title, rule.level, rule.line) for rule in compiled.rules] == [
        ("G", "high", 7), ("G", "low", 12), ("Good", "low", 20),
    ]  # fmt: skip
    assert "2" in str(compiled.rules[1].condition)
    assert len(compiled.problems) == 1 and "nonsense" in compiled.problems[0].reason


def test_a_folder_with_missing_and_unreadable_parts(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.yml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "rules/b.yml").write_bytes(b"\xff\xfe\x00bad")
    (tmp_path / "rules/c.yml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "rules/a.test.yml").write_text("- not a rule", encoding="utf-8")
    rules = RuleSet.load(RuleSettings(paths=("rules", "nowhere")), tmp_path)
    assert len(rules.rules) == 1
    reasons = sorted(problem.reason for problem in rules.problems)
    assert len(reasons) == 3
    assert any("taken" in reason for reason in reasons) and any("no such" in reason for reason in reasons)


def test_a_payload_rule_that_no_bytes_announce_is_told_and_runs(tmp_path: Path) -> None:
    path = tmp_path / "payload.yml"
    payload = GOOD.replace("category: proxy", "product: sentinel\n  service: payload")
    path.write_text(payload.replace("c-uri|contains: /evil", r"payload|re: '\A[ab]x'"), encoding="utf-8")
    compiled = load_file(path)
    [problem] = compiled.problems
    assert len(compiled.rules) == 1 and problem.informational and problem.line == 9
    assert "every packet" in problem.reason
    path.write_text(payload.replace("c-uri|contains: /evil", "payload|contains: evil"), encoding="utf-8")
    assert load_file(path).problems == []
