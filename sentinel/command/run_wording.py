"""The journal of a playbook's run, told to people: one line a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sentinel.command.acting import local_time
from sentinel.playbook.journal import Entry
from sentinel.text import current_language, text

__all__ = ["in_words"]

_KINDS: Final = frozenset(
    {"action", "approval", "deadline", "delay", "if", "manual", "playbook", "switch", "unknown", "while"}
)
_STATES: Final = frozenset({"begun", "waiting", "unknown", "done", "failed", "refused"})


def in_words(entry: Entry) -> str:
    """When, which step, what was to be done, how it stands, and what came of it."""
    kind = text(f"playbook.kind.{entry.step}") if entry.step in _KINDS else entry.step
    state = text(f"playbook.stands.{entry.state}") if entry.state in _STATES else entry.state
    told = [
        f"{local_time(entry.begun)}  {entry.key}  [{kind}]  {state}",
        _wanted(entry),
        _came(entry.outcome),
    ]
    return "  ".join(part for part in told if part)


def _wanted(entry: Entry) -> str:
    intent = entry.intent
    if action := intent.get("action"):
        return f"{action} {_pairs(intent.get('arguments', {}))}".rstrip()
    english = str(intent.get("instruction_en", "")) if current_language() == "en" else ""
    return english or str(intent.get("instruction", intent.get("playbook", "")))


def _came(outcome: Mapping[str, Any]) -> str:
    """The reason where it failed; who answered what; the values it gave."""
    if reason := outcome.get("reason"):
        return f"→ {reason}"
    if people := outcome.get("persons"):
        return "→ " + text("playbook.agreed", people=text("playbook.and").join(people))
    if person := outcome.get("person"):
        return f"→ {person}: {outcome.get('value') or text('playbook.stands.done')}"
    if "value" in outcome:
        return f"→ {_plain(outcome['value'])}"
    values = _pairs(outcome.get("values", {}))
    return f"→ {values}" if values else ""


def _pairs(values: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={_plain(value)}" for name, value in values.items())


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return text("playbook.yes" if value else "playbook.no")
    return str(value)
