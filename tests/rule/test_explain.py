"""An explanation is the condition's tree, each part with its own answer and what the event had."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.rule import Rule
from sentinel.rule.explain import Part, explain, written
from sentinel.rule.library import load_paths
from sentinel.rule.question import (
    Boolean,
    Compare,
    Exists,
    FieldReference,
    Network,
    Null,
    Number,
    Pattern,
    Question,
    Text,
)
from sentinel.rule.trial import event_of

RULE = """title: t
logsource: {{{source}}}
detection:
  s:
    {field}|endswith: '\\tool.exe'
    User: null
  f:
    - harmless
  condition: s and not f
"""


def rule(tmp_path: Path, source: str, field: str = "Image") -> Rule:
    (tmp_path / "r.yml").write_text(RULE.format(source=source, field=field))
    [loaded] = load_paths(("r.yml",), tmp_path).rules
    return loaded


def flat(part: Part) -> list[tuple[str, bool]]:
    name = part.sort if part.sort != "leaf" else f"{part.field}: {part.question} [{part.value!r}]"
    return [(name, part.held), *(one for inner in part.parts for one in flat(inner))]


def test_each_part_of_a_plain_mapping(tmp_path: Path) -> None:
    part = explain(rule(tmp_path, "product: windows"), {"Image": "C:\\Tool.exe", "note": "HARMLESS"})
    assert part is not None
    assert flat(part) == [
        ("and", False),
        ("and", True),
        ("Image: '*\\\\tool.exe' ['C:\\\\Tool.exe']", True),
        ("User: null [None]", True),
        ("not", False),
        ("None: '*harmless*' [None]", True),
    ]


def test_events_are_seen_in_the_view_that_admits_them(tmp_path: Path) -> None:
    windows = rule(tmp_path, "product: windows, category: process_creation")
    audit = {
        "kind": "log",
        "product": "windows",
        "service": "security",
        "EventID": 4688,
        "NewProcessName": "C:\\tool.exe",
    }
    part = explain(windows, event_of(audit))
    assert part is not None and part.held
    assert ("EventID: 4688 [4688]", True) in flat(part)
    assert ("NewProcessName: '*\\\\tool.exe' ['C:\\\\tool.exe']", True) in flat(part)
    part = explain(windows, event_of({**audit, "EventID": 4624}))
    assert part is not None and not part.held and ("EventID: 4688 [4624]", False) in flat(part)
    assert explain(windows, event_of({**audit, "product": "linux"})) is None
    assert explain(windows, event_of({"kind": "http", "uri": "/"})) is None


def test_typed_events_by_their_wire_names(tmp_path: Path) -> None:
    part = explain(
        rule(tmp_path, "category: webserver", "cs-uri"), event_of({"kind": "http", "uri": "/a\\tool.exe"})
    )
    assert part is not None and ("uri: '*\\\\tool.exe' ['/a\\\\tool.exe']", True) in flat(part)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (Text(("a", True, None)), "'a?*'"),
        (Text(("A",), cased=True), "'A' (cased)"),
        (Text(()), "''"),
        (Pattern("a+"), "/a+/"),
        (Number(3), "3"),
        (Boolean(True), "true"),
        (Compare("gte", 5), "≥ 5"),
        (Network("10.0.0.0/8"), "10.0.0.0/8"),
        (Null(), "null"),
        (Exists(True), "exists"),
        (Exists(False), "does not exist"),
        (FieldReference("other"), "= other"),
    ],
)
def test_questions_in_a_line(question: Question, expected: str) -> None:
    assert written(question) == expected
