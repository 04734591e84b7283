"""CACAO v2 JSON out and in (OASIS CACAO Security Playbooks Version 2.0).

What CACAO has no word for (approval, rollback, triggers …) travels in an extension of our own, so that what we wrote
comes back as it was. From others' playbooks commands are never run: each becomes a step for a person, with its text.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from sentinel.playbook.document import (
    Action,
    AnyStep,
    End,
    If,
    Manual,
    Parallel,
    Playbook,
    Start,
    SubPlaybook,
    Switch,
    While,
)
from sentinel.playbook.fault import PlaybookError
from sentinel.text import Message

__all__ = ["export_cacao", "import_cacao"]

_SPACE = uuid.UUID("6a5f3c3e-6d0a-5c8b-9f7e-2f1d4b8c7a10")
_EXTENSION = f"extension-definition--{uuid.uuid5(_SPACE, 'extension')}"
_AGENT = f"security-category--{uuid.uuid5(_SPACE, 'agent')}"
_CREATOR = f"identity--{uuid.uuid5(_SPACE, 'creator')}"
_WHEN = "2026-01-01T00:00:00.000Z"
"""An export says nothing of when: the same playbook gives the same bytes."""
_WORDS = {
    Start: "start", End: "end", Action: "action", Manual: "action", Parallel: "parallel", If: "if-condition",
    While: "while-condition", Switch: "switch-condition", SubPlaybook: "playbook-action",
}  # fmt: skip
_TYPES = {"float": "string", "ip-addr": "string", "bool": "bool"}


def export_cacao(playbook: Playbook) -> dict[str, Any]:
    """The playbook as a CACAO v2 object."""
    ids = {id: f"{_WORDS[type(step)]}--{_uuid(playbook.id, id)}" for id, step in playbook.workflow.items()}
    return {
        "type": "playbook",
        "spec_version": "cacao-2.0",
        "id": f"playbook--{_uuid(playbook.id)}",
        "name": playbook.name_en,
        "description": playbook.description_en or playbook.description,
        "playbook_types": playbook.playbook_types or ["mitigation"],
        "created_by": _CREATOR,
        "created": _WHEN,
        "modified": _WHEN,
        "priority": playbook.priority,
        "severity": playbook.severity,
        "labels": playbook.labels,
        "playbook_variables": {f"__{name}__": _variable(one) for name, one in playbook.variables.items()},
        "workflow_start": ids[playbook.workflow_start],
        **({"workflow_exception": ids[playbook.workflow_exception]} if playbook.workflow_exception else {}),
        "workflow": {ids[id]: _step(step, ids) for id, step in playbook.workflow.items()},
        "agent_definitions": {
            _AGENT: {"type": "security-category", "name": "sentinel", "category": ["siem"]}
        },
        "extension_definitions": {
            _EXTENSION: {
                "type": "extension-definition",
                "name": "sentinel playbook",
                "created_by": _CREATOR,
                "schema": "sentinel playbook schema",
                "version": "1.0.0",
            }
        },
        "playbook_extensions": {_EXTENSION: msgspec.to_builtins(playbook)},
    }


def import_cacao(document: Any) -> Playbook:
    """The playbook in a CACAO v2 object. Raises PlaybookError."""
    try:
        if document["type"] != "playbook" or document["spec_version"] != "cacao-2.0":
            raise PlaybookError(Message("playbook.not-cacao", reason=document["spec_version"]))
        ours = (document.get("playbook_extensions") or {}).get(_EXTENSION)
        return msgspec.convert(ours if ours is not None else _foreign(document), Playbook)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PlaybookError(Message("playbook.not-cacao", reason=repr(error)[:300])) from error


def _uuid(*parts: str) -> uuid.UUID:
    return uuid.uuid5(_SPACE, "/".join(parts))


def _variable(variable: Any) -> dict[str, Any]:
    told = {
        "type": _TYPES.get(variable.type, variable.type),
        "description": variable.description,
        "constant": variable.constant,
        "external": variable.external,
    }
    return told if variable.value is None else told | {"value": str(variable.value)}


def _step(step: AnyStep, ids: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {"type": _WORDS[type(step)], "name": step.name_en or step.name}
    for word in ("on_completion", "on_success", "on_failure"):
        if next := getattr(step, word):
            told[word] = ids[next]
    if step.delay:
        told["delay"] = int(step.delay * 1000)
    match step:
        case Action():
            told |= {
                "commands": [{"type": "manual", "command": f"{step.action} {step.arguments}"}],
                "agent": _AGENT,
            }
            told["timeout"] = int(step.timeout * 1000)
        case Manual():
            told |= {"commands": [{"type": "manual", "command": step.instruction_en}], "agent": _AGENT}
        case Parallel():
            told["next_steps"] = [ids[id] for id in step.next_steps]
        case If():
            told |= {"condition": step.condition, "on_true": ids[step.on_true]}
            told |= {"on_false": ids[step.on_false]} if step.on_false else {}
        case While():
            told |= {"condition": step.condition, "on_true": ids[step.on_true]}
        case Switch():
            told |= {"switch": step.switch, "cases": {value: ids[id] for value, id in step.cases.items()}}
        case SubPlaybook():
            told["playbook_id"] = f"playbook--{_uuid(step.playbook_id)}"
    return told


def _foreign(document: Mapping[str, Any]) -> dict[str, Any]:
    name = str(document["name"])
    id = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or str(document["id"])
    return {
        "id": id,
        "name": name,
        "name_en": name,
        "description": str(document.get("description", "")),
        "playbook_types": list(document.get("playbook_types", [])),
        "priority": int(document.get("priority", 0)),
        "severity": int(document.get("severity", 0)),
        "labels": list(document.get("labels", [])),
        "triggers": [{"manual": True}],
        "variables": {
            key.strip("_"): {
                "type": "string",
                "description": str(one.get("description", "")),
                "value": None if one.get("value") is None else str(one["value"]),
                "constant": bool(one.get("constant", False)),
                "external": bool(one.get("external", False)),
            }
            for key, one in (document.get("playbook_variables") or {}).items()
        },
        "workflow_start": document["workflow_start"],
        "workflow_exception": document.get("workflow_exception", ""),
        "workflow": {key: _foreign_step(step) for key, step in document["workflow"].items()},
    }


def _foreign_step(step: Mapping[str, Any]) -> dict[str, Any]:
    kind = step["type"]
    shared = {key: step[key] for key in ("on_completion", "on_success", "on_failure") if step.get(key)}
    shared |= {"name": str(step.get("name", "")), "name_en": str(step.get("name", ""))}
    if step.get("delay"):
        shared["delay"] = step["delay"] / 1000
    more: dict[str, Any] = {}
    match kind:
        case "start" | "end":
            more = {"type": kind}
        case "parallel":
            more = {"type": "parallel", "next_steps": list(step["next_steps"])}
        case "if-condition":
            more = {"type": "if", "condition": step["condition"], "on_true": step["on_true"]}
            more["on_false"] = step.get("on_false", "")
        case "while-condition":
            more = {"type": "while", "condition": step["condition"], "on_true": step["on_true"]}
        case "switch-condition":
            more = {"type": "switch", "switch": step["switch"], "cases": dict(step["cases"])}
        case "playbook-action":
            more = {"type": "playbook", "playbook_id": step["playbook_id"]}
        case "action":
            told = "\n".join(_command(one) for one in step["commands"])
            more = {"type": "manual", "instruction": told, "instruction_en": told}
        case _:
            raise ValueError(kind)
    return shared | more


def _command(command: Mapping[str, Any]) -> str:
    said = str(command.get("command") or command.get("description") or command.get("command_b64") or "")
    return said if command["type"] == "manual" else f"[{command['type']}] {said}"
