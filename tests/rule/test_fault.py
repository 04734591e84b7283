"""Every fault of a rule says in both languages why, and what to do."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from sentinel.locale.catalogue import catalogue, read_catalogue
from sentinel.rule.fault import Fault
from sentinel.rule.load import load_content
from sentinel.text import LANGUAGES, speaking

ROOM = Path(__file__).parents[2] / "sentinel" / "rule"
PLACE_OF_NAME = {"of": 0, "NotRunnable": 0, "ExpressionError": 0, "PipelineError": 0, "DocumentFault": 1}


def names_in_code() -> set[str]:
    names = set()
    for path in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = PLACE_OF_NAME.get(called)
            if place is not None and len(node.args) > place:
                said = node.args[place]
                if isinstance(said, ast.Constant):
                    names.add(str(said.value))
    return names


@pytest.mark.parametrize("locale", LANGUAGES.values())
def test_every_fault_has_its_sentences_and_no_others_stand_there(locale: str) -> None:
    names = names_in_code()
    assert len(names) > 40
    told = read_catalogue(catalogue(locale))
    for part in ("rule.fault.", "rule.remedy."):
        assert {id.removeprefix(part) for id in told if id.startswith(part)} == names


def test_a_problem_is_told_in_the_reader_s_language() -> None:
    document = (
        b"title: t\nlogsource: {category: dns}\ndetection: {a: {query|expand: '%nobody%'}, condition: a}\n"
    )
    (problem,) = load_content(Path("r.yml"), document).problems
    with speaking("zh"):
        assert "占位符 %nobody% 没有值的列表" in str(problem) and str(problem).startswith("r.yml:3")
    with speaking("en"):
        assert "the placeholder %nobody% has no list of values" in str(problem)


def test_values_are_one_line_and_no_template() -> None:
    fault = Fault.of("yaml", detail="a {thing}\n  here")
    with speaking("en"):
        assert fault.reason == "not valid YAML: a {thing} here"
