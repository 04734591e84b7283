"""Tables of the playbook room: versions, runs, the journal of steps, people's answers, rollbacks."""

from __future__ import annotations

from sqlite_utils import Database

__all__ = ["make_playbook_tables", "make_schedule_table"]


def make_playbook_tables(db: Database) -> None:
    """Make them."""
    db.table("playbook_version").create(
        {"digest": str, "playbook": str, "document": str}, pk="digest", not_null={"playbook", "document"}
    )
    db.table("playbook_run").create(
        {
            "id": str,
            "playbook": str,
            "digest": str,
            "state": str,
            "reason": str,
            "given": str,
            "cause": str,
            "incident": str,
            "actor": str,
            "drill": int,
            "created": float,
            "ended": float,
        },
        pk="id",
        not_null={"playbook", "digest", "state", "given", "cause", "actor", "drill", "created"},
    )
    db.table("playbook_run").create_index(["state", "created"])
    db.table("playbook_run").create_index(["created"])
    db.table("playbook_step").create(
        {
            "run": str,
            "key": str,
            "step": str,
            "state": str,
            "attempt": int,
            "intent": str,
            "outcome": str,
            "begun": float,
            "due": float,
            "ended": float,
        },
        pk=("run", "key"),
        not_null={"step", "state", "attempt", "intent", "begun"},
    )
    db.table("playbook_step").create_index(["state", "due"])
    db.execute(
        "CREATE TABLE playbook_answer (id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, key TEXT NOT NULL, "
        "person TEXT NOT NULL, decision TEXT NOT NULL, value TEXT NOT NULL, ts REAL NOT NULL)"
    )
    db.table("playbook_answer").create_index(["run", "key"])
    db.table("playbook_rollback").create(
        {"run": str, "key": str, "action": str, "arguments": str, "due": float, "state": str, "reason": str},
        pk=("run", "key"),
        not_null={"action", "arguments", "state"},
    )
    db.table("playbook_rollback").create_index(["state", "due"])


def make_schedule_table(db: Database) -> None:
    """Up to when each schedule was looked after."""
    db.execute(
        "CREATE TABLE playbook_schedule (schedule TEXT PRIMARY KEY, looked REAL NOT NULL) WITHOUT ROWID"
    )
