"""`sentinel rules eval`: one rule file against one file of events, for comparing us with others.

The rule's logsource is ignored, its fields are taken as they are named.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TextIO

from sentinel.rule.load import load_file
from sentinel.rule.ruleset import RuleSet

__all__ = ["evaluate_cases"]


def evaluate_cases(path: Path, out: TextIO) -> int:
    """Answer every case of `path` on `out`; 0 unless the file itself cannot be read.

    Cases are JSON lines `{id, rule, events}` with the paths of a Sigma file and of a JSON list (or JSON
    lines) of events. Answers are `{id, matches}` with the indexes of matching events, or `{id, error}`.
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
        rules, problems = load_file(Path(case["rule"]))
        events = _events(Path(case["events"]))
    except (OSError, ValueError, KeyError, AttributeError) as error:
        return {"id": name, "error": f"{type(error).__name__}: {error}"}
    if problems or not rules:
        return {"id": name, "error": "; ".join(map(str, problems)) or "the file holds no rule"}
    matches = RuleSet(rules).match_records(events)
    return {"id": name, "matches": [index for index, held in enumerate(matches) if held]}


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
