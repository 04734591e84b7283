"""Silences: alerts that someone does not want to be told of for a while. They are counted, and stay in the store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sentinel.incident.fault import IncidentError
from sentinel.incident.matcher import Matcher, read_matchers
from sentinel.store import audit
from sentinel.text import Message

__all__ = ["Silence", "end_silence", "make_silence", "silences"]

_LONGEST = 366 * 86400.0


@dataclass(frozen=True, slots=True)
class Silence:
    """Who silenced what, why, until when, and how many alerts it has kept quiet."""

    id: int
    author: str
    reason: str
    matchers: tuple[Matcher, ...]
    created_at: float
    expires_at: float
    alerts: int


def make_silence(
    connection: Any, *, author: str, reason: str, matchers: Sequence[str], now: float, seconds: float
) -> int:
    """Its id. Raises IncidentError: a silence must say who, why, what and until when."""
    if not author.strip() or not reason.strip():
        raise IncidentError(Message("incident.reason-needed"))
    if not matchers:
        raise IncidentError(Message("incident.matcher-needed"))
    if not 0 < seconds <= _LONGEST:
        raise IncidentError(Message("incident.bad-duration"))
    written = [str(matcher) for matcher in read_matchers(matchers)]
    cursor = connection.execute(
        "INSERT INTO silence (author, reason, matchers, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
        (author, reason, json.dumps(written, ensure_ascii=False), now, now + seconds),
    )
    id = int(cursor.lastrowid)
    _audit(connection, id, now, author, "silence.made", reason=reason, matchers=written, seconds=seconds)
    return id


def end_silence(connection: Any, id: int, now: float, actor: str) -> None:
    """Let it expire now. Raises IncidentError where there is none in force."""
    changed = connection.execute(
        "UPDATE silence SET expires_at = ? WHERE id = ? AND expires_at > ?", (now, id, now)
    )
    if not changed.rowcount:
        raise IncidentError(Message("incident.no-silence", id=id))
    _audit(connection, id, now, actor, "silence.ended")


def silences(connection: Any, now: float | None = None) -> list[Silence]:
    """Those in force at `now`, or all; newest first."""
    rows = connection.execute(
        "SELECT id, author, reason, matchers, created_at, expires_at, alerts FROM silence"
        " WHERE ? IS NULL OR expires_at > ? ORDER BY id DESC",
        (now, now),
    )
    return [
        Silence(id, author, reason, read_matchers(json.loads(matchers)), created, expires, alerts)
        for id, author, reason, matchers, created, expires, alerts in rows
    ]


def _audit(connection: Any, id: int, at: float, actor: str, action: str, **detail: Any) -> None:
    from sqlite_utils import Database

    database = Database(connection, execute_plugins=False)
    audit.append(database, ts=at, actor=actor, action=action, subject=f"silence {id}", detail=detail)
