"""`sentinel rules eval`: one rule file against one file of events, for comparing us with others.

The rule's logsource is ignored, its fields are taken as they are named.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from sentinel.rule.compiled import Compiled
from sentinel.rule.correlation import Correlator
from sentinel.rule.filter import apply_filters
from sentinel.rule.load import load_file
from sentinel.rule.ruleset import RuleSet

__all__ = ["evaluate_cases"]


def evaluate_cases(path: Path, out: TextIO) -> int:
    """Answer every case of `path` on `out`; 0 unless the file itself cannot be read.

    Cases are JSON lines `{id, rule, events}` with the paths of a Sigma file and of a JSON list (or JSON
    lines) of events. Answers are `{id, matches}` with the indexes of matching events; for a file with
    correlations, whose events are `{t, event}` with a time in seconds, `{id, fires_at}` with the indexes of
    events by which one of them holds; or `{id, error}`.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        out.write(json.dumps({"id": None, "error": str(error)}) + "\n")
        return 1
    for line in lines:
        if line.strip():
            out.write(json.dumps(_answer(line), ensure_ascii=False) + "\n")
    return 0


def _answer(line: str) -> dict[str, Any]:
    name: Any = None
    try:
        case = json.loads(line)
        name = case.get("id")
        compiled = load_file(Path(case["rule"]))
        events = _events(Path(case["events"]))
    except (OSError, ValueError, KeyError, AttributeError) as error:
        return {"id": name, "error": f"{type(error).__name__}: {error}"}
    rules, unapplied = apply_filters(compiled)
    rule_set = RuleSet(rules, [*compiled.problems, *unapplied], compiled.correlations)
    grave = [problem for problem in rule_set.problems if not problem.informational]
    if grave or not rules:
        return {"id": name, "error": "; ".join(map(str, grave)) or "the file holds no rule"}
    if compiled.correlations:
        return {"id": name, **_fires(rule_set, compiled, events)}
    matches = rule_set.match_records(events)
    return {"id": name, "matches": [index for index, held in enumerate(matches) if held]}


def _fires(rules: RuleSet, compiled: Compiled, events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    try:
        timed = [(float(event["t"]), dict(event["event"])) for event in events]
    except (KeyError, TypeError, ValueError):
        return {"error": "events of a correlation must be `{t: seconds, event: {…}}`"}
    correlator = Correlator(rules.links)
    fires = []
    for index, match in rules.match_timed_records(timed):
        if correlator.observe(match):
            fires.append(index)
    return {"fires_at": fires}


def _events(path: Path) -> list[dict[str, Any]]:
    text = path.read_text(encoding="utf-8")
    try:
        found = json.loads(text)
    except ValueError:
        found = [json.loads(line) for line in text.splitlines() if line.strip()]
    events = found if isinstance(found, list) else [found]
    if not all(isinstance(event, dict) for event in events):
        raise ValueError("every event must be a JSON object")
    return events
