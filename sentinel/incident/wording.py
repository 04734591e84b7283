"""What people read of an incident's past, and what its rules advise to do first."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import yaml

from sentinel.incident.timeline import Entry
from sentinel.text import current_language, text

__all__ = ["advice", "in_words", "source_in_words"]

_SHOWN_DIGITS: Final = 16
"""Of a digest."""
_MOST_ADVICE: Final = 3
_SOURCES: Final = ("rule", "person", "outside", "superior")
_RULES: Final = (
    "SELECT f.rule_id, f.title, max(f.severity) AS gravest, t.text FROM incident_finding f"
    " JOIN incident_rule r ON r.incident = f.incident AND r.rule_id = f.rule_id"
    " JOIN rule_text t ON t.sha256 = r.sha256 WHERE f.incident = ? AND r.kept_at = (SELECT max(kept_at)"
    " FROM incident_rule WHERE incident = f.incident AND rule_id = f.rule_id)"
    " GROUP BY f.rule_id ORDER BY gravest DESC, f.rule_id LIMIT ?"
)


def in_words(entry: Entry) -> str:
    """What the entry says, for people. One that is not known here is shown as it is."""
    wording = _WORDINGS.get(entry.action)
    if wording is None:
        return f"{entry.action} {json.dumps(entry.detail, ensure_ascii=False)}"
    return wording(entry.detail)


def source_in_words(source: str) -> str:
    """Who brought an incident, for people."""
    return text(f"incident.source.{source}") if source in _SOURCES else source


def advice(connection: Any, incident: int) -> list[tuple[str, str]]:
    """Title and advice (`respond`) of the gravest rules that fired in the incident, as they were when they did."""
    found = connection.execute(_RULES, (incident, _MOST_ADVICE)).fetchall()
    advised = ((title, _respond(written, rule_id)) for rule_id, title, _, written in found)
    return [(title, words) for title, words in advised if words]


def _respond(written: str, rule_id: str) -> str:
    try:
        documents = list(yaml.safe_load_all(written))
    except (yaml.YAMLError, RecursionError, ValueError):
        return ""
    for document in documents:
        if isinstance(document, dict) and document.get("id") == rule_id:
            english = current_language() == "en" and document.get("respond_en")
            return str(english or document.get("respond") or "").strip()
    return ""


def _created(detail: dict[str, Any]) -> str:
    if "source" in detail:
        return text("incident.entry.opened", source=source_in_words(detail["source"]))
    return text("incident.entry.created", alerts=detail.get("alerts", 0))


def _grown(kind: str) -> Callable[[dict[str, Any]], str]:
    def words(detail: dict[str, Any]) -> str:
        severity = text(f"alert.level.{detail.get('severity', 'informational')}")
        return text(f"incident.entry.{kind}", alerts=detail.get("alerts", 0), severity=severity)

    return words


def _state(detail: dict[str, Any]) -> str:
    before, after = (text(f"incident.state.{detail.get(name)}") for name in ("before", "after"))
    return text("incident.entry.state", before=before, after=after) + _reason(detail)


def _assessed(detail: dict[str, Any]) -> str:
    facts = ", ".join(f"{name}={value:g}" for name, value in detail.get("facts", {}).items())
    words = [text("incident.entry.assessed")]
    if facts:
        words.append(text("incident.entry.facts", facts=facts))
    if detail.get("category"):
        words.append(text("incident.entry.category", category=detail["category"]))
    if detail.get("clauses"):
        words.append(text("incident.entry.clauses", clauses=", ".join(detail["clauses"])))
    if detail.get("note"):
        words.append(str(detail["note"]))
    return "  ".join(words)


def _level(detail: dict[str, Any]) -> str:
    level, suggested = (text(f"incident.level.{detail.get(name)}") for name in ("level", "suggested"))
    return text("incident.entry.level", level=level, suggested=suggested) + _reason(detail)


def _reported(detail: dict[str, Any]) -> str:
    kind = text(f"incident.entry.report.{detail.get('kind')}")
    values = {"receiver": detail.get("receiver") or "-", "receipt": detail.get("receipt") or "-"}
    return text("incident.entry.reported", kind=kind, **values)


def _clock(kind: str) -> Callable[[dict[str, Any]], str]:
    def words(detail: dict[str, Any]) -> str:
        clock, role = text(f"incident.clock.{detail.get('clock')}"), text(f"duty.role.{detail.get('role')}")
        return text(f"incident.entry.{kind}", clock=clock, role=role)

    return words


def _reason(detail: dict[str, Any]) -> str:
    return text("incident.entry.reason", reason=detail["reason"]) if detail.get("reason") else ""


def _plain(kind: str, *names: str) -> Callable[[dict[str, Any]], str]:
    return lambda detail: text(f"incident.entry.{kind}", **{name: detail.get(name, "-") for name in names})


_WORDINGS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "created": _created,
    "grown": _grown("grown"),
    "again": _grown("again"),
    "parent": _plain("parent", "parent"),
    "released": _plain("released", "parent"),
    "outgrown": _plain("outgrown", "parent"),
    "state": _state,
    "assessed": _assessed,
    "level": _level,
    "note": _plain("note", "note"),
    "assigned": _plain("assigned", "to"),
    "attached": lambda detail: text(
        "incident.entry.attached",
        name=detail.get("name", "-"),
        sha256=str(detail.get("sha256", "-"))[:_SHOWN_DIGITS],
    ),
    "reported": _reported,
    "clock_warned": _clock("clock_warned"),
    "clock_overdue": _clock("clock_overdue"),
    "escalated": _clock("escalated"),
    "evidence_removed": lambda detail: text(
        f"incident.entry.evidence-removed.{detail.get('why', 'age')}", file=detail.get("file", "-")
    ),
    "evidence": lambda detail: text(
        "incident.entry.evidence",
        files=detail.get("files", 0),
        digest=str(detail.get("manifest", "-"))[:_SHOWN_DIGITS],
    ),
}
