"""Every fault of a playbook is named at its step, all at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playbook_bench import Bench, action, manual

from sentinel.playbook.action.guard_period import SetGuardPeriod
from sentinel.playbook.library import json_schema


def said(bench: Bench) -> list[tuple[str, str]]:
    return [(problem.step, problem.message.id) for problem in bench.library.problems]


def test_a_sound_playbook_has_no_problems(bench: Bench) -> None:
    bench.write({"a": action("x")})
    assert said(bench) == [] and list(bench.library.playbooks) == ["p"]


def test_what_a_person_answers_for_needs_an_approval(bench: Bench) -> None:
    bench.actions["set-guard-period"] = SetGuardPeriod()
    step = {"type": "action", "action": "set-guard-period", "arguments": {"name": "x", "hours": 1.0}}
    bench.write({"a": step})
    assert said(bench) == [("a", "playbook.needs-approval")]
    bench.write({"a": {**step, "approval": {"role": "leader"}}})
    assert said(bench) == []


@pytest.mark.parametrize(
    ("workflow", "more", "expected"),
    [
        ({"a": action("x", on_completion="b")}, {}, [("a", "playbook.no-step")]),
        ({"a": action("__no__:value")}, {}, [("a", "playbook.no-variable")]),
        ({"a": action("x", save={"said": "no"})}, {}, [("a", "playbook.no-variable")]),
        ({"a": action("x") | {"action": "none"}}, {}, [("a", "playbook.no-action")]),
        ({"a": action("x", with_={"other": 1})}, {}, [("a", "playbook.no-parameter")]),
        ({"a": {"type": "action", "action": "tell"}}, {}, [("a", "playbook.no-argument")]),
        ({"a": action(7)}, {}, [("a", "playbook.bad-value")]),  # type: ignore[arg-type]
        ({"a": action("x", timeout=0)}, {}, [("a", "playbook.bad-timeout")]),
        ({"a": action("x", approval={"persons": 3})}, {}, [("a", "playbook.bad-approval")]),
        ({"a": action("x", rollback={"action": "none"})}, {}, [("a", "playbook.no-action")]),
        ({"a": action("x", on_completion="b", on_failure="b"), "b": action("y")}, {}, [("a", "playbook.two-ways")]),
        ({"a": action("x"), "b": action("y")}, {}, [("b", "playbook.unreached")]),
        ({"a": action("x", on_completion="b"), "b": action("y", on_completion="a")}, {}, [("a", "playbook.circle")]),
        ({"a": {"type": "if", "condition": "n", "on_true": "b"}, "b": action("x")}, {}, [("a", "playbook.bad-condition")]),
        ({"a": {"type": "parallel", "next_steps": ["b"]}, "b": action("x")}, {}, [("a", "playbook.not-parallel")]),
        ({"a": {"type": "switch", "switch": "x", "cases": {}}}, {}, [("a", "playbook.no-cases")]),
        ({"a": {"type": "playbook", "playbook_id": "none"}}, {}, [("a", "playbook.unknown")]),
        ({"a": action("x")}, {"workflow_start": "a"}, [("", "playbook.no-start"), ("start", "playbook.unreached")]),
        ({"a": action("x")}, {"triggers": []}, [("", "playbook.no-trigger")]),
        ({"a": action("x")}, {"triggers": [{}]}, [("", "playbook.empty-trigger")]),
        ({"a": action("x")}, {"triggers": [{"schedule": {"at": "25:00"}}]}, [("", "playbook.bad-schedule")]),
        ({"a": action("x")}, {"variables": {"v": {"type": "ip-addr", "value": "x"}}}, [("", "playbook.bad-value")]),
        ({"a": action("x")}, {"sudden": 1}, [("", "playbook.unreadable")]),
        ({"a": manual(dead_line=1)}, {}, [("", "playbook.unreadable")]),
    ],
)  # fmt: skip
def test_faults_are_named(
    bench: Bench, workflow: Any, more: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    bench.write(workflow, **more)
    assert said(bench) == expected
    assert not bench.library.playbooks or all(problem.warning for problem in bench.library.problems)


@pytest.mark.parametrize("content", [b"\xff", b"a: [", b"[]", b"- 1", b"a: &a [*a]", b""])
def test_no_file_breaks_the_library(bench: Bench, content: bytes) -> None:
    (bench.folder / "playbooks" / "bad.yml").write_bytes(content)
    assert said(bench) == [("", "playbook.unreadable")]


def test_an_id_stands_once(bench: Bench, tmp_path: Path) -> None:
    bench.write({"a": action("x")})
    (tmp_path / "playbooks" / "q.yml").write_bytes((tmp_path / "playbooks" / "p.yaml").read_bytes())
    assert said(bench) == [("", "playbook.twice")]


def test_the_schema_knows_every_step() -> None:
    schema = str(json_schema())
    assert all(
        f"'{kind}'" in schema
        for kind in ("start", "end", "action", "manual", "parallel", "if", "switch", "while")
    )
