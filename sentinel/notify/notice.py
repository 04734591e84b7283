"""What a message says: the fields that a channel's template may name."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

__all__ = ["Notice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice, in the language of its readers. A field that does not apply is `-`, or empty inside a sentence."""

    title: str
    number: str = "-"
    """The incident's number for people."""
    kind: str = "-"
    level: str = "-"
    department: str = "-"
    alerts: str = "-"
    drill: str = ""
    """How a drill is marked; empty where it is none."""
    person: str = ""
    """Role and name of the one it is meant for."""
    phone: str = ""
    """Theirs, for gateways of text messages."""
    code: str = "-"
    """`kind` for machines: `created` …"""
    grade: str = "4"
    """`level` for machines: 1 to 4."""
    severity: str = "-"
    """Sigma's level of the gravest alert."""
    category: str = "-"
    """Code of GB/T 20986-2023."""
    attacker: str = ""
    victim: str = ""
    owner: str = ""
    """Whose the machine is: department, system, person, place."""
    deadlines: str = ""
    """What must be done by when, soonest first."""
    due: str = ""
    """When the clock that it tells of ends or ended."""
    ts: str = "0"
    """When what it tells of happened; seconds since 1970 UTC."""

    def fields(self) -> dict[str, str]:
        """By the names that templates use."""
        return asdict(self)

    def content(self, words: str) -> str:
        """The outbox's form: the fields, and as `text` the whole of it in `words`."""
        return json.dumps({**self.fields(), "text": words}, ensure_ascii=False)
