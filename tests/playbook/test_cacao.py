"""Out as CACAO v2, back as it was; others' commands become steps for people; what cannot be done is refused by name."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playbook_bench import Bench, action, manual

from sentinel.playbook.cacao import export_cacao, import_cacao
from sentinel.playbook.document import Manual, Playbook, SubPlaybook
from sentinel.playbook.fault import PlaybookError

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


@pytest.fixture
def playbook(bench: Bench) -> Playbook:
    bench.write({"s": {"type": "end"}}, id="q", variables={"w": {"type": "string"}})
    bench.write(
        {
            "a": action("__v__:value", approval={"role": "leader"}, rollback={"action": "tell", "arguments": {"what": "x"}},
                        delay=2, on_completion="i"),
            "i": {"type": "if", "condition": "__v__:value = 'x'", "on_true": "m", "on_completion": "p"},
            "m": manual(save="v", choices=["x", "y"], owner="leader", timeout=60),
            "p": {"type": "parallel", "next_steps": ["q", "r"], "on_completion": "f"},
            "q": {"type": "switch", "switch": "__v__:value", "cases": {"x": "e"}},
            "r": {"type": "while", "condition": "__v__:value = 'y'", "on_true": "e"},
            "f": action("x", on_failure="s"),
            "s": {"type": "playbook", "playbook_id": "q", "in_args": {"w": "__v__:value"}, "out_args": {"w": "v"}},
            "e": {"type": "end"},
        },
        variables={"v": {"type": "string", "value": "x"}, "n": {"type": "integer", "value": 3},
                   "l": {"type": "list", "value": ["一", "b"]}, "b": {"type": "bool", "value": True}},
        playbook_types=["mitigation", "notification"],
    )  # fmt: skip
    return bench.library.find("p").playbook


def test_ours_comes_back_as_it_was(playbook: Playbook) -> None:
    told = json.loads(json.dumps(export_cacao(playbook)))
    assert import_cacao(told) == playbook
    assert export_cacao(playbook) == told


def test_it_has_what_the_specification_asks_for(playbook: Playbook) -> None:
    told = export_cacao(playbook, 1767225601.25)
    assert (told["type"], told["spec_version"]) == ("playbook", "cacao-2.0")
    assert re.fullmatch("playbook--[0-9a-f]{8}-[0-9a-f]{4}-[45].*", told["id"])
    assert re.fullmatch(f"identity--{UUID}", told["created_by"])
    assert (told["created"], told["modified"]) == ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:01.250Z")
    assert told["name"] and told["description"] and told["playbook_activities"]
    assert "labels" not in told and "workflow_exception" not in told  # no empty lists, no empty names
    workflow, agents = told["workflow"], told["agent_definitions"]
    assert workflow[told["workflow_start"]]["type"] == "start"
    for id, step in workflow.items():
        assert re.fullmatch(f"{step['type']}--{UUID}", id)
        one_way, two_ways = "on_completion" in step, "on_success" in step or "on_failure" in step
        assert one_way != two_ways or step["type"] == "end", step
        assert step["type"] != "end" or set(step) == {"type"}
        if step["type"] == "action":
            assert step["commands"] and step["agent"] in agents
        assert step.get("delay", 1) >= 1 and isinstance(step.get("timeout", 0), int)
    named = {
        named_by
        for step in workflow.values()
        for word in ("on_completion", "on_success", "on_failure", "on_true", "on_false")
        if (named_by := step.get(word))
    }
    named |= {id for step in workflow.values() for id in step.get("next_steps", ())}
    named |= {id for step in workflow.values() for id in step.get("cases", {}).values()}
    assert named | {told["workflow_start"]} == workflow.keys()
    for id, agent in agents.items():
        assert id.partition("--")[0] == agent["type"] and agent["name"]
    values = {name: one["value"] for name, one in told["playbook_variables"].items()}
    assert values == {"__v__": "x", "__n__": "3", "__l__": '["一", "b"]', "__b__": "true"}
    sub = next(step for step in workflow.values() if step["type"] == "playbook-action")
    assert (sub["in_args"], sub["out_args"]) == (["__v__"], ["__v__"])


def step_id(kind: str, number: int) -> str:
    return f"{kind}--00000000-0000-4000-8000-{number:012d}"


START, DO, CHECK, OTHER, END = (
    step_id(kind, number)
    for number, kind in enumerate(("start", "action", "if-condition", "playbook-action", "end"))
)
AGENT, TARGET = step_id("linux", 8), step_id("ssh", 9)
FOREIGN: dict[str, Any] = {
    "type": "playbook", "spec_version": "cacao-2.0", "id": step_id("playbook", 7), "name": "Clean up!",
    "created_by": step_id("identity", 6), "created": "2023-05-26T15:56:00.123Z", "modified": "2023-05-26T15:56:00.123Z",
    "workflow_start": START,
    "playbook_variables": {
        "__dir__": {"type": "string", "value": "/tmp"}, "__count__": {"type": "long", "value": "12"},
        "__map__": {"type": "dictionary", "value": '{"a": 1}'}, "__host__": {"type": "ipv4-addr", "value": ""},
    },
    "agent_definitions": {AGENT: {"type": "linux", "name": "jump host"}},
    "target_definitions": {TARGET: {"type": "ssh", "name": "web 3", "address": {"ipv4": ["192.0.2.3"]}}},
    "workflow": {
        START: {"type": "start", "on_completion": DO},
        DO: {
            "type": "action", "name": "Do it", "on_completion": CHECK, "agent": AGENT, "targets": [TARGET],
            "step_variables": {"__mode__": {"type": "string", "value": "safe"}}, "out_args": ["__dir__"],
            "commands": [
                {"type": "bash", "command": "rm -rf __dir__:value"}, {"type": "manual", "command": "look"},
                {"type": "sigma", "command_b64": "dGl0bGU6IHg="},
            ],
        },
        CHECK: {"type": "if-condition", "condition": "__count__:value > 10", "on_true": OTHER, "on_completion": END},
        OTHER: {
            "type": "playbook-action", "playbook_id": step_id("playbook", 5), "in_args": ["__dir__"],
            "out_args": ["__dir__"], "on_completion": END,
        },
        END: {"type": "end"},
    },
}  # fmt: skip


def test_foreign_commands_are_for_people_to_read() -> None:
    playbook = import_cacao(FOREIGN)
    assert playbook.id == "clean-up"
    assert {name: (one.type, one.value) for name, one in playbook.variables.items()} == {
        "dir": ("string", "/tmp"), "count": ("integer", 12), "map": ("dictionary", {"a": 1}),
        "host": ("ipv4-addr", None), "mode": ("string", "safe"),
    }  # fmt: skip
    step = playbook.workflow[DO]
    assert isinstance(step, Manual) and step.save == "dir"
    assert step.instruction == "[bash] rm -rf __dir__:value\nlook\n[sigma] title: x\n(jump host, web 3)"
    other = playbook.workflow[OTHER]
    assert isinstance(other, SubPlaybook)
    assert (other.in_args, other.out_args) == ({"dir": "__dir__:value"}, {"dir": "dir"})
    assert import_cacao(export_cacao(playbook)) == playbook


def without(word: str) -> Callable[[dict[str, Any]], object]:
    return lambda told: told.pop(word)


def having(**words: Any) -> Callable[[dict[str, Any]], object]:
    return lambda told: told.update(words)


def in_step(id: str, **words: Any) -> Callable[[dict[str, Any]], object]:
    return lambda told: told["workflow"][id].update(words)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        *((without(word), word) for word in ("type", "spec_version", "id", "name", "created_by", "created", "modified",
                                             "workflow_start", "workflow")),
        (having(spec_version="1.1"), "spec_version"), (having(id="playbook--1"), "id"), (having(name=" "), "name"),
        (having(id=step_id("action", 1)), "id"), (having(created="2023-05-26T15:56:00Z"), "created"),
        (having(modified="2023-05-26T15:56:00.123+08:00"), "modified"), (having(revoked=True), "revoked"),
        (having(created_by="me"), "created_by"), (having(workflow={}), "workflow"),
        (having(workflow_start=step_id("start", 99)), step_id("start", 99)), (in_step(DO, type="odd"), "odd"),
        (in_step(CHECK, type="action"), CHECK), (in_step(DO, on_completion=step_id("end", 99)), step_id("end", 99)),
        (in_step(CHECK, condition="[file:hashes.md5 MATCHES '^a']"), CHECK), (in_step(CHECK, condition=7), "condition"),
        (in_step(DO, step_variables={"__dir__": {"type": "string"}}), "__dir__"),
        (in_step(DO, out_args=["__dir__", "__mode__"]), "out_args"), (in_step(OTHER, in_args=["__none__"]), "none"),
        (in_step(DO, commands=[]), DO),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_by_name(
    change: Callable[[dict[str, Any]], object], named: str
) -> None:
    told = copy.deepcopy(FOREIGN)
    change(told)
    with pytest.raises(PlaybookError) as caught:
        import_cacao(told)
    assert named in str(caught.value)


def test_what_was_changed_elsewhere_since_is_not_dropped_without_a_word(playbook: Playbook) -> None:
    told = export_cacao(playbook)
    told["workflow"][told["workflow_start"]]["on_completion"] = told["workflow_start"]
    with pytest.raises(PlaybookError, match="workflow"):
        import_cacao(told)


@pytest.mark.parametrize(
    "document", [None, [], {}, "x", 7, {"type": "playbook"}, {**FOREIGN, "workflow": {"a": 1}}]
)
def test_what_is_none_is_refused(document: Any) -> None:
    with pytest.raises(PlaybookError):
        import_cacao(document)
