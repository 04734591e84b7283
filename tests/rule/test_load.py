"""Loading: what is refused, where, and that it stops nothing else."""

from __future__ import annotations

from pathlib import Path

from sentinel.rule import RuleSet, RuleSettings
from sentinel.rule.load import load_file

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
    [rule], problems = load_file(path)
    assert not problems
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
    rules, problems = load_file(path)
    assert [rule.title for rule in rules] == ["Good"]
    assert len(problems) == len(bad)
    for problem in problems:
        assert problem.path == path and problem.line > 0 and problem.reason and problem.remedy
    lines = path.read_text(encoding="utf-8").splitlines()
    assert "detection" in lines[problems[0].line - 1]
    assert "level" in lines[problems[-1].line - 1]
    assert "hosts" in problems[6].reason


def test_correlations_and_filters_are_informational(tmp_path: Path) -> None:
    path = tmp_path / "c.yml"
    path.write_text("title: C\ncorrelation:\n  type: event_count\n", encoding="utf-8")
    rules, [problem] = load_file(path)
    assert not rules and problem.informational and "correlation" in problem.reason


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
