"""CACAO v2 JSON out and in (OASIS CACAO Security Playbooks Version 2.0).

What CACAO has no word for (approval, rollback, triggers …) travels in an extension of our own, so that what we wrote
comes back as it was. From others' playbooks commands are never run: each becomes a step for a person, with its text.
What of theirs would go another way here than it is meant is refused by its name.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
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
    Variable,
    While,
)
from sentinel.playbook.expression import names_in
from sentinel.playbook.fault import PlaybookError
from sentinel.playbook.lint import lint
from sentinel.playbook.value import read_value
from sentinel.text import Message

__all__ = ["export_cacao", "import_cacao"]

_SPACE = uuid.UUID("6a5f3c3e-6d0a-5c8b-9f7e-2f1d4b8c7a10")
_CREATED = 1767225600.0
"""2026-01-01: when this form of export began."""
_WORDS = {
    Start: "start", End: "end", Action: "action", Manual: "action", Parallel: "parallel", If: "if-condition",
    While: "while-condition", Switch: "switch-condition", SubPlaybook: "playbook-action",
}  # fmt: skip
_TYPES = {"ip-addr": "string", "list": "string"}
"""Where CACAO has no such type (section 10.18.4)."""
_FOREIGN_TYPES = {
    "integer": "integer", "long": "integer", "float": "float", "bool": "bool", "ipv4-addr": "ipv4-addr",
    "ipv6-addr": "ipv6-addr", "mac-addr": "mac-addr", "uri": "uri", "dictionary": "dictionary",
}  # fmt: skip
"""Others are texts here."""
_ACTIVITIES = {
    "mitigation": "restrict-access", "remediation": "eliminate-risk", "prevention": "configure-systems",
    "investigation": "analyze-collected-data", "notification": "deliver-content", "detection": "match-indicator",
}  # fmt: skip
"""An activity for each type: a playbook of a type names one (section 3.1)."""
_IDENTIFIER = re.compile(
    r"[a-z][a-z0-9-]+[a-z0-9]--[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.I
)
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_STEP = {
    "start", "end", "action", "parallel", "if-condition", "while-condition", "switch-condition", "playbook-action",
}  # fmt: skip


def export_cacao(playbook: Playbook, modified: float | None = None) -> dict[str, Any]:
    """The playbook as a CACAO v2 object; `modified` (seconds since 1970 UTC) tells its versions apart.

    The same playbook gives the same bytes.
    """
    ids = {
        id: f"{_WORDS[type(step)]}--{_uuid4(playbook.id, 'step', id)}"
        for id, step in playbook.workflow.items()
    }
    types = playbook.playbook_types or ["mitigation"]
    activities = list(dict.fromkeys(_ACTIVITIES[one] for one in types if one in _ACTIVITIES))
    told: dict[str, Any] = {
        "type": "playbook",
        "spec_version": "cacao-2.0",
        "id": _playbook_id(playbook.id),
        "name": playbook.name_en,
        "description": playbook.description_en or playbook.description or playbook.name_en,
        "playbook_types": types,
        "playbook_activities": activities or ["step-sequence"],
        "created_by": _CREATOR,
        "created": _timestamp(_CREATED),
        "modified": _timestamp(max(modified or _CREATED, _CREATED)),
        "priority": playbook.priority,
        "severity": playbook.severity,
        "labels": playbook.labels,
        "playbook_variables": {f"__{name}__": _variable(one) for name, one in playbook.variables.items()},
        "workflow_start": ids[playbook.workflow_start],
        "workflow_exception": ids.get(playbook.workflow_exception, ""),
        "workflow": dict(_workflow(playbook, ids)),
        "agent_definitions": _AGENTS,
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
    return {word: value for word, value in told.items() if value or value == 0}


def import_cacao(document: Any) -> Playbook:
    """The playbook in a CACAO v2 object. Raises PlaybookError, with the name of what is amiss or cannot be done."""
    try:
        _check(document)
        ours = (document.get("playbook_extensions") or {}).get(_EXTENSION)
        if ours is not None:
            return _unedited(msgspec.convert(ours, Playbook), document)
        playbook = msgspec.convert(_foreign(document), Playbook)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise PlaybookError(Message("playbook.not-cacao", reason=str(error)[:300] or repr(error))) from error
    for problem in lint(playbook, Path(playbook.id), {}):
        if not problem.warning:
            raise PlaybookError(Message("playbook.not-cacao", reason=f"{problem.step}: {problem.message}"))
    return playbook


def _unedited(playbook: Playbook, document: Mapping[str, Any]) -> Playbook:
    """What was changed since in CACAO's words alone is not in ours: to take ours would drop it without a word."""
    told = export_cacao(playbook)
    for word in ("workflow", "workflow_start", "playbook_variables", "workflow_exception"):
        if told.get(word) != document.get(word):
            raise PlaybookError(Message("playbook.cacao-edited", word=word))
    return playbook


def _check(document: Any) -> None:
    """Section 3.1: what every playbook has, and in which form. Raises PlaybookError."""
    if not isinstance(document, dict):
        raise PlaybookError(Message("playbook.not-cacao", reason=type(document).__name__))
    for word, fits in _REQUIRED.items():
        if word not in document:
            raise PlaybookError(Message("playbook.cacao-missing", word=word))
        if not fits(document[word]):
            raise PlaybookError(Message("playbook.cacao-wrong", word=word, got=str(document[word])[:80]))
    if document.get("revoked"):
        raise PlaybookError(Message("playbook.cacao-cannot", word="revoked"))
    for id, step in document["workflow"].items():
        kind = step.get("type")
        if kind not in _STEP:
            raise PlaybookError(Message("playbook.cacao-cannot", word=f"{id}: {kind}"))
        if not _is_identifier(kind)(id):
            raise PlaybookError(Message("playbook.cacao-wrong", word="workflow", got=str(id)[:80]))


def _is_identifier(kind: str) -> Any:
    return lambda value: (
        isinstance(value, str)
        and _IDENTIFIER.fullmatch(value) is not None
        and value.partition("--")[0] == kind
    )


_REQUIRED: Mapping[str, Any] = {
    "type": lambda value: value == "playbook",
    "spec_version": lambda value: value == "cacao-2.0",
    "id": _is_identifier("playbook"),
    "name": lambda value: isinstance(value, str) and value.strip(),
    "created_by": _is_identifier("identity"),
    "created": lambda value: isinstance(value, str) and _TIMESTAMP.fullmatch(value),
    "modified": lambda value: isinstance(value, str) and _TIMESTAMP.fullmatch(value),
    "workflow_start": _is_identifier("start"),
    "workflow": lambda value: isinstance(value, dict) and value,
}


def _uuid5(*parts: str) -> uuid.UUID:
    return uuid.uuid5(_SPACE, "/".join(parts))


def _uuid4(*parts: str) -> uuid.UUID:
    """Of the form that section 10.10 asks of all but playbooks, and always the same."""
    return uuid.UUID(bytes=_uuid5(*parts).bytes, version=4)


def _playbook_id(id: str) -> str:
    return f"playbook--{_uuid5(id)}"


def _timestamp(ts: float) -> str:
    return f"{datetime.fromtimestamp(ts, UTC):%Y-%m-%dT%H:%M:%S}.{int(ts * 1000) % 1000:03d}Z"


_EXTENSION = f"extension-definition--{_uuid4('extension')}"
_CREATOR = f"identity--{_uuid4('creator')}"
_PROGRAM = f"security-category--{_uuid4('agent')}"
_PEOPLE = {role: f"group--{_uuid4('agent', role)}" for role in ("officer", "leader", "in_charge")}
_AGENTS: Mapping[str, Any] = {
    _PROGRAM: {"type": "security-category", "name": "sentinel", "category": ["siem"]},
    _PEOPLE["officer"]: {"type": "group", "name": "officer on duty"},
    _PEOPLE["leader"]: {"type": "group", "name": "leader on duty"},
    _PEOPLE["in_charge"]: {"type": "group", "name": "person in charge"},
}


def _variable(variable: Variable) -> dict[str, Any]:
    told = {
        "type": _TYPES.get(variable.type, variable.type),
        "description": variable.description,
        "constant": variable.constant,
        "external": variable.external,
    }
    value = variable.value
    if value is not None:
        told["value"] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return {word: one for word, one in told.items() if one != "" or word == "value"}


def _workflow(playbook: Playbook, ids: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each step; where ours simply ends, CACAO wants an end step, one for each branch (section 4)."""
    for id, step in playbook.workflow.items():
        told = _step(step, ids)
        if not isinstance(step, End) and not (step.on_completion or step.on_success):
            end = f"end--{_uuid4(playbook.id, 'end of', id)}"
            told["on_success" if step.on_failure else "on_completion"] = end
            yield end, {"type": "end"}
        yield ids[id], told


def _step(step: AnyStep, ids: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {"type": _WORDS[type(step)]}
    if name := step.name_en or step.name:
        told["name"] = name
    for word in ("on_completion", "on_success", "on_failure"):
        if next := getattr(step, word):
            told[word] = ids[next]
    if step.delay:
        told["delay"] = max(1, int(step.delay * 1000))
    match step:
        case Action():
            arguments = json.dumps(step.arguments, ensure_ascii=False)
            told |= {
                "commands": [{"type": "manual", "command": f"{step.action} {arguments}"}],
                "agent": _PROGRAM,
                "timeout": int(step.timeout * 1000),
            }
        case Manual():
            told |= {
                "commands": [{"type": "manual", "command": step.instruction_en}],
                "agent": _PEOPLE[step.owner],
            }
            if step.timeout:
                told["timeout"] = int(step.timeout * 1000)
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
            told["playbook_id"] = _playbook_id(step.playbook_id)
            if given := sorted(names_in(step.in_args)):
                told["in_args"] = [f"__{name}__" for name in given]
            if step.out_args:
                told["out_args"] = [f"__{name}__" for name in step.out_args.values()]
    return told


def _foreign(document: Mapping[str, Any]) -> dict[str, Any]:
    name = str(document["name"])
    id = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or str(document["id"])
    names = {
        id: str(one.get("name", id))
        for word in ("agent_definitions", "target_definitions")
        for id, one in (document.get(word) or {}).items()
    }
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
        "variables": _foreign_variables(document),
        "workflow_start": document["workflow_start"],
        "workflow_exception": document.get("workflow_exception", ""),
        "workflow": {key: _foreign_step(key, step, names) for key, step in document["workflow"].items()},
    }


def _foreign_variables(document: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the playbook and of its steps: here all are the playbook's, so that no two may share a name."""
    found: dict[str, Any] = {}
    scopes = [("playbook_variables", document.get("playbook_variables") or {})]
    scopes += [(id, step.get("step_variables") or {}) for id, step in document["workflow"].items()]
    for scope, variables in scopes:
        for key, one in variables.items():
            name = key.removeprefix("__").removesuffix("__")
            if name in found:
                raise PlaybookError(Message("playbook.cacao-cannot", word=f"{scope}: step_variables: {key}"))
            found[name] = _foreign_variable(name, one)
    return found


def _foreign_variable(name: str, one: Mapping[str, Any]) -> dict[str, Any]:
    type, value = _FOREIGN_TYPES.get(str(one["type"]), "string"), one.get("value")
    if isinstance(value, str) and value and type == "dictionary":
        value = json.loads(value)
    elif isinstance(value, str) and value and type != "string":
        value = read_value(name, Variable(type=type), value)  # type: ignore[arg-type]
    elif value == "" and type != "string":
        value = None
    return {
        "type": type,
        "description": str(one.get("description", "")),
        "value": value,
        "constant": bool(one.get("constant", False)),
        "external": bool(one.get("external", False)),
    }


def _foreign_step(id: str, step: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    kind = step["type"]
    shared = {key: step[key] for key in ("on_completion", "on_success", "on_failure") if step.get(key)}
    shared |= {"name": str(step.get("name", "")), "name_en": str(step.get("name", ""))}
    shared["description"] = str(step.get("description", ""))
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
            given = [name.removeprefix("__").removesuffix("__") for name in step.get("in_args") or ()]
            taken = [name.removeprefix("__").removesuffix("__") for name in step.get("out_args") or ()]
            more = {"type": "playbook", "playbook_id": step["playbook_id"]}
            more["in_args"] = {name: f"__{name}__:value" for name in given}
            more["out_args"] = {name: name for name in taken}
        case "action":
            if step.get(
                "out_args"
            ):  # what a machine would have answered is a person's to say, one text a step
                if len(step["out_args"]) > 1:
                    raise PlaybookError(Message("playbook.cacao-cannot", word=f"{id}: out_args"))
                more["save"] = step["out_args"][0].removeprefix("__").removesuffix("__")
            if not step["commands"]:
                raise PlaybookError(Message("playbook.cacao-missing", word=f"{id}: commands"))
            told = "\n".join(_command(one) for one in step["commands"])
            concerned = [
                names.get(one, one) for one in (step.get("agent"), *(step.get("targets") or ())) if one
            ]
            told += f"\n({', '.join(concerned)})" if concerned else ""
            more |= {"type": "manual", "instruction": told, "instruction_en": told}
    return shared | more


def _command(command: Mapping[str, Any]) -> str:
    said = str(command.get("command") or "")
    if not said and command.get("command_b64"):
        said = base64.b64decode(command["command_b64"], validate=True).decode("utf-8", "replace")
    said = said or str(command.get("description") or command.get("content") or "")
    return said if command["type"] == "manual" else f"[{command['type']}] {said}"
