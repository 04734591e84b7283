"""The journal of runs in SQLite: what was intended, what came of it, who answered what. Alone knows its tables.

Every function works inside a writer's job (one transaction), so an entry, its line on the audit trail and what an
action itself writes are committed together or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from sentinel.playbook.document import Playbook
from sentinel.playbook.library import Shelved
from sentinel.store import audit

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Answer", "Entry", "Run", "Undo"]

_RUN = "id, playbook, digest, state, reason, given, cause, incident, actor, drill, created, ended"
_ENTRY = "run, key, step, state, attempt, intent, outcome, begun, due, ended"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a playbook."""

    id: str
    playbook: str
    digest: str
    state: str
    """`queued`, `running`, then `done`, `failed` or `cancelled`."""
    reason: str
    given: Mapping[str, Any]
    cause: Mapping[str, Any]
    """What started it: the alert's id and rule, or a person's word."""
    incident: str
    actor: str
    drill: bool
    created: float
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One step of a run."""

    run: str
    key: str
    step: str
    """The kind of step, or `approval`."""
    state: str
    """`begun` (intended, outcome not known), `waiting` (for people or a time), `unknown`, then `done` or `failed`."""
    attempt: int
    intent: Mapping[str, Any]
    outcome: Mapping[str, Any]
    begun: float
    due: float | None
    ended: float | None

    @property
    def finished(self) -> bool:
        """Whether it never runs again."""
        return self.state in ("done", "failed")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said about a step that waits."""

    id: int
    run: str
    key: str
    person: str
    decision: str
    """`approve`, `reject`, `done`, `failed`, `retry`; of a whole run (`key` empty) `cancel` or `undo`."""
    value: str
    ts: float


@dataclass(frozen=True, slots=True)
class Undo:
    """A rollback that waits for its time."""

    run: str
    key: str
    action: str
    arguments: Mapping[str, Any]
    due: float | None
    state: str
    """`waiting`, `begun`, `done` or `failed`."""


def add_run(database: Database, run: Run, shelved: Shelved) -> None:
    """Queue a run with the playbook as it is now."""
    keep_version(database, shelved)
    values = (
        run.id, run.playbook, run.digest, run.state, run.reason, _json(run.given), _json(run.cause), run.incident,
        run.actor, int(run.drill), run.created, run.ended,
    )  # fmt: skip
    database.conn.execute(f"INSERT INTO playbook_run ({_RUN}) VALUES ({', '.join('?' * 12)})", values)
    detail = {"playbook": run.playbook, "digest": run.digest, "cause": run.cause, "given": run.given}
    _trail(database, run, run.created, run.actor, "playbook.start", detail)


def keep_version(database: Database, shelved: Shelved) -> None:
    """Keep a playbook's words for the runs that began with them."""
    database.conn.execute(
        "INSERT OR IGNORE INTO playbook_version (digest, playbook, document) VALUES (?, ?, ?)",
        (shelved.digest, shelved.playbook.id, msgspec.json.encode(shelved.playbook).decode()),
    )


def version(database: Database, digest: str) -> Playbook:
    """The playbook as it was when a run began."""
    query = "SELECT document FROM playbook_version WHERE digest = ?"
    return msgspec.json.decode(database.conn.execute(query, (digest,)).fetchone()[0], type=Playbook)


def runs(
    database: Database,
    states: Sequence[str] = (),
    limit: int = 100,
    playbook: str = "",
    beginning: str = "",
) -> list[Run]:
    """The latest runs, newest first; of some states, of one playbook, and with ids that begin so where asked."""
    where: list[str] = ["1"]
    values: list[str | int] = []
    if states:
        where.append(f"state IN ({', '.join('?' * len(states))})")
        values += list(states)
    if playbook:
        where.append("playbook = ?")
        values.append(playbook)
    if beginning:
        where.append("substr(id, 1, ?) = ?")
        values += [len(beginning), beginning]
    query = (
        f"SELECT {_RUN} FROM playbook_run WHERE {' AND '.join(where)} ORDER BY created DESC, id DESC LIMIT ?"
    )
    return [_run(row) for row in database.conn.execute(query, (*values, limit))]


def count_open(database: Database, playbook: str, actor: str, *, drill: bool = False) -> int:
    """Runs of a playbook that `actor` started and that have not ended: drills, or else all others."""
    query = (
        "SELECT count(*) FROM playbook_run "
        "WHERE state IN ('queued', 'running') AND playbook = ? AND actor = ? AND drill = ?"
    )
    return int(database.conn.execute(query, (playbook, actor, drill)).fetchone()[0])


def oldest_queued(database: Database, limit: int) -> list[Run]:
    """Runs that nobody took up yet, in the order in which they came."""
    query = f"SELECT {_RUN} FROM playbook_run WHERE state = 'queued' ORDER BY created, rowid LIMIT ?"
    return [_run(row) for row in database.conn.execute(query, (limit,))]


def find_run(database: Database, id: str) -> Run | None:
    """The run of that id."""
    row = database.conn.execute(f"SELECT {_RUN} FROM playbook_run WHERE id = ?", (id,)).fetchone()
    return _run(row) if row else None


def set_run(database: Database, run: Run, state: str, reason: str, now: float) -> None:
    """A run's new state."""
    ended = None if state == "running" else now
    database.conn.execute(
        "UPDATE playbook_run SET state = ?, reason = ?, ended = ? WHERE id = ?",
        (state, reason, ended, run.id),
    )
    if ended is not None:
        _trail(database, run, now, f"playbook:{run.id}", f"playbook.{state}", {"reason": reason})


def entries(database: Database, run: str) -> list[Entry]:
    """All entries of a run, as they were begun."""
    query = f"SELECT {_ENTRY} FROM playbook_step WHERE run = ? ORDER BY rowid"
    return [_entry(row) for row in database.conn.execute(query, (run,))]


def find_entry(database: Database, run: str, key: str) -> Entry | None:
    """One entry."""
    query = f"SELECT {_ENTRY} FROM playbook_step WHERE run = ? AND key = ?"
    row = database.conn.execute(query, (run, key)).fetchone()
    return _entry(row) if row else None


def open_entries(database: Database, limit: int = 1000) -> list[Entry]:
    """Entries that wait for people, most urgent first."""
    query = (
        f"SELECT {_ENTRY} FROM playbook_step WHERE state = 'waiting' AND step IN ('manual', 'approval', 'unknown') "
        "ORDER BY due IS NULL, due, begun LIMIT ?"
    )
    return [_entry(row) for row in database.conn.execute(query, (limit,))]


def begin(
    database: Database, run: Run, key: str, step: str, state: str, intent: Mapping[str, Any], now: float,
    *, attempt: int = 1, due: float | None = None,
) -> None:  # fmt: skip
    """Write down what is intended, before it is done."""
    database.conn.execute(
        f"INSERT OR REPLACE INTO playbook_step ({_ENTRY}) VALUES (?, ?, ?, ?, ?, ?, NULL, ?, ?, NULL)",
        (run.id, key, step, state, attempt, _json(intent), now, due),
    )
    if step in ("action", "approval", "manual", "unknown"):
        detail = {"step": key, "attempt": attempt, **intent}
        _trail(database, run, now, f"playbook:{run.id}", f"playbook.{step}.{state}", detail)


def end(
    database: Database, run: Run, key: str, state: str, outcome: Mapping[str, Any], now: float,
    *, actor: str = "", told: bool = True,
) -> None:  # fmt: skip
    """Write down what came of it."""
    database.conn.execute(
        "UPDATE playbook_step SET state = ?, outcome = ?, ended = ? WHERE run = ? AND key = ?",
        (state, _json(outcome), now, run.id, key),
    )
    if told:
        who = actor or f"playbook:{run.id}"
        _trail(database, run, now, who, f"playbook.step.{state}", {"step": key, "outcome": outcome})


def set_late(database: Database, run: Run, key: str) -> None:
    """A step's deadline has passed, and that was told."""
    database.conn.execute(
        "UPDATE playbook_step SET outcome = ? WHERE run = ? AND key = ?", (_json({"late": True}), run.id, key)
    )


def answer(
    database: Database, run: Run, key: str, person: str, decision: str, value: str, now: float, user: str = ""
) -> None:
    """Write down a person's word; `user` is the account of the system that typed it."""
    database.conn.execute(
        "INSERT INTO playbook_answer (run, key, person, decision, value, ts) VALUES (?, ?, ?, ?, ?, ?)",
        (run.id, key, person, decision, value, now),
    )
    detail = {"step": key, "value": value, **({"user": user} if user else {})}
    _trail(database, run, now, person, f"playbook.{decision}", detail)


def answers(database: Database, run: str, key: str) -> list[Answer]:
    """What people said about a step, in order."""
    query = "SELECT id, run, key, person, decision, value, ts FROM playbook_answer WHERE run = ? AND key = ? ORDER BY id"
    return [Answer(*row) for row in database.conn.execute(query, (run, key))]


def answers_after(database: Database, id: int) -> list[Answer]:
    """Everything people said after an answer."""
    query = "SELECT id, run, key, person, decision, value, ts FROM playbook_answer WHERE id > ? ORDER BY id"
    return [Answer(*row) for row in database.conn.execute(query, (id,))]


def last_answer(database: Database) -> int:
    """The latest answer's id."""
    return int(database.conn.execute("SELECT ifnull(max(id), 0) FROM playbook_answer").fetchone()[0])


def schedule_looked(database: Database, schedule: str) -> float | None:
    """Up to when a schedule was looked after, in seconds since 1970 UTC; None for one that is new."""
    query = "SELECT looked FROM playbook_schedule WHERE schedule = ?"
    row = database.conn.execute(query, (schedule,)).fetchone()
    return None if row is None else float(row[0])


def set_schedule_looked(database: Database, schedule: str, looked: float) -> None:
    """A schedule was looked after up to that time."""
    database.conn.execute(
        "INSERT OR REPLACE INTO playbook_schedule (schedule, looked) VALUES (?, ?)", (schedule, looked)
    )


def add_undo(database: Database, undo: Undo) -> None:
    """Remember how to take an action back."""
    database.conn.execute(
        "INSERT OR REPLACE INTO playbook_rollback (run, key, action, arguments, due, state) VALUES (?, ?, ?, ?, ?, ?)",
        (undo.run, undo.key, undo.action, _json(undo.arguments), undo.due, undo.state),
    )


def undos(
    database: Database, *, now: float | None = None, run: str = "", states: Sequence[str] = ("waiting",)
) -> list[Undo]:
    """Rollbacks in these states: those due by `now`, or all of a run."""
    where, values = [f"state IN ({', '.join('?' * len(states))})"], [*states]
    if now is not None:
        where.append("due <= ?")
        values.append(now)  # type: ignore[arg-type]
    if run:
        where.append("run = ?")
        values.append(run)
    query = (
        "SELECT run, key, action, arguments, due, state FROM playbook_rollback "
        f"WHERE {' AND '.join(where)} ORDER BY due, rowid DESC LIMIT 1000"
    )
    return [
        Undo(r[0], r[1], r[2], json.loads(r[3]), r[4], r[5]) for r in database.conn.execute(query, values)
    ]


def set_undo(database: Database, run: Run, undo: Undo, state: str, reason: str, now: float) -> None:
    """How a rollback stands."""
    database.conn.execute(
        "UPDATE playbook_rollback SET state = ?, reason = ? WHERE run = ? AND key = ?",
        (state, reason, undo.run, undo.key),
    )
    detail = {"step": undo.key, "action": undo.action, "arguments": undo.arguments, "reason": reason}
    _trail(database, run, now, f"playbook:{undo.run}", f"playbook.rollback.{state}", detail)


def make_due(database: Database, run: str, now: float) -> int:
    """All waiting rollbacks of a run are due now; how many."""
    query = "UPDATE playbook_rollback SET due = ? WHERE run = ? AND state IN ('waiting', 'failed')"
    database.conn.execute(
        "UPDATE playbook_rollback SET state = 'waiting' WHERE run = ? AND state = 'failed'", (run,)
    )
    return database.conn.execute(query, (now, run)).rowcount


def _trail(
    database: Database, run: Run, ts: float, actor: str, action: str, detail: Mapping[str, Any]
) -> None:
    audit.append(
        database, ts=ts, actor=actor, action=action, subject=f"run:{run.id}", detail=detail, drill=run.drill
    )


def _run(row: Sequence[Any]) -> Run:
    id, playbook, digest, state, reason, given, cause, incident, actor, drill, created, ended = row
    return Run(
        id, playbook, digest, state, reason or "", json.loads(given), json.loads(cause), incident or "", actor,
        bool(drill), created, ended,
    )  # fmt: skip


def _entry(row: Sequence[Any]) -> Entry:
    run, key, step, state, attempt, intent, outcome, begun, due, ended = row
    return Entry(
        run, key, step, state, attempt, json.loads(intent), json.loads(outcome or "{}"), begun, due, ended
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace").decode()
