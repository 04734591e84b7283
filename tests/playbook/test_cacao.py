"""Out as CACAO v2, back as it was; others' commands become steps for people."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playbook_bench import Bench, action, manual

from sentinel.playbook.cacao import export_cacao, import_cacao
from sentinel.playbook.fault import PlaybookError


def test_ours_comes_back_as_it_was(bench: Bench) -> None:
    bench.write(
        {
            "a": action("__v__:value", approval={"role": "leader"}, rollback={"action": "tell", "arguments": {"what": "x"}},
                        delay=2, on_completion="i"),
            "i": {"type": "if", "condition": "__v__:value = 'x'", "on_true": "m", "on_completion": "p"},
            "m": manual(),
            "p": {"type": "parallel", "next_steps": ["q", "r"]},
            "q": {"type": "switch", "switch": "__v__:value", "cases": {"x": "e"}},
            "r": {"type": "while", "condition": "__v__:value = 'y'", "on_true": "e"},
            "e": {"type": "end"},
        },
        variables={"v": {"type": "string", "value": "x"}},
    )  # fmt: skip
    playbook = bench.library.find("p").playbook
    told = json.loads(json.dumps(export_cacao(playbook)))
    assert import_cacao(told) == playbook
    assert export_cacao(playbook) == told
    assert told["spec_version"] == "cacao-2.0"
    workflow = told["workflow"]
    assert all(id.partition("--")[0] == step["type"] for id, step in workflow.items())
    named = {
        step[word] for step in workflow.values() for word in ("on_completion", "on_true") if word in step
    }
    assert named <= workflow.keys() and told["workflow_start"] in workflow
    assert next(step for step in workflow.values() if step.get("delay"))["delay"] == 2000


def test_foreign_commands_are_for_people_to_read() -> None:
    workflow = {
        "start--1": {"type": "start", "on_completion": "action--2"},
        "action--2": {
            "type": "action", "name": "Do it", "on_completion": "end--3", "agent": "a",
            "commands": [{"type": "bash", "command": "rm -rf __dir__:value"}, {"type": "manual", "command": "look"}],
        },
        "end--3": {"type": "end"},
    }  # fmt: skip
    playbook = import_cacao({
        "type": "playbook", "spec_version": "cacao-2.0", "id": "playbook--1", "name": "Clean up!", "workflow": workflow,
        "workflow_start": "start--1", "playbook_variables": {"__dir__": {"type": "string", "value": "/tmp"}},
    })  # fmt: skip
    assert playbook.id == "clean-up" and playbook.variables["dir"].value == "/tmp"
    step = playbook.workflow["action--2"]
    assert type(step).__name__ == "Manual" and step.instruction == "[bash] rm -rf __dir__:value\nlook"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "document", [None, [], {}, {"type": "playbook"}, {"type": "playbook", "spec_version": "1.1"},
                 {"type": "playbook", "spec_version": "cacao-2.0", "name": "x", "workflow": {"a": {"type": "odd"}}}],
)  # fmt: skip
def test_what_is_none_is_refused(document: Any) -> None:
    with pytest.raises(PlaybookError):
        import_cacao(document)
