"""Tables of the duty book."""

from __future__ import annotations

from sqlite_utils import Database

__all__ = [
    "create_duty_tables",
    "create_guard_table",
    "create_handover_tables",
    "create_zero_report_tables",
    "index_entered_incidents",
    "refuse_replacing",
]


def create_duty_tables(db: Database) -> None:
    """Shifts, stand-ins, patrols. What was recorded of a patrol stays as it is."""
    span = {"role": str, "person": str, "phone": str, "start": float, "end": float}
    db.table("duty_shift").create({"id": int, **span}, pk="id", not_null=set(span))
    db.table("duty_shift").create_index(["role", "person", "start", "end"], unique=True)
    db.table("duty_shift").create_index(["end", "start"])
    db.table("duty_shift").create_index(["person"])
    db.table("duty_stand_in").create({"id": int, "absent": str, **span}, pk="id", not_null={"absent", *span})
    db.table("duty_stand_in").create_index(["end", "start"])
    seen = {"ts": float, "person": str, "role": str, "place": str, "result": str, "note": str}
    db.table("duty_patrol").create({"id": int, **seen}, pk="id", not_null=set(seen))
    db.table("duty_patrol").create_index(["ts"])
    for verb in ("UPDATE", "DELETE"):
        db.execute(
            f"CREATE TRIGGER duty_patrol_no_{verb.lower()} BEFORE {verb} ON duty_patrol "
            "BEGIN SELECT RAISE(ABORT, 'patrol records only grow'); END"
        )


def create_guard_table(db: Database) -> None:
    """Guard periods. One that is ended early has its end moved; the audit trail keeps the planned one."""
    columns = {
        "name": str,
        "start": float,
        "end": float,
        "factor": float,
        "raised": int,
        "freeze": int,
        "actor": str,
    }
    db.table("duty_guard").create({"id": int, **columns}, pk="id", not_null=set(columns))
    db.table("duty_guard").create_index(["end"])


def create_handover_tables(db: Database) -> None:
    """Hand-overs and the answers to them. What was signed stays as it is."""
    offered = {
        "ts": float,
        "role": str,
        "giver": str,
        "taker": str,
        "patrol_at": float,
        "abnormal": str,
        "pending": str,
        "reason": str,
        "items": str,
        "open_count": int,
        "digest": str,
    }
    answered = {"ts": float, "person": str, "accepted": int, "note": str, "opened": str}
    for table, columns in (("duty_handover", offered), ("duty_handover_answer", answered)):
        db.table(table).create({"id": int, **columns}, pk="id", not_null=set(columns) - {"patrol_at"})
        for verb in ("UPDATE", "DELETE"):
            db.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
            )
        refuse_replacing(db, table)
    db.table("duty_handover").create_index(["role", "id"])


def create_zero_report_tables(db: Database) -> None:
    """Zero-reports, which stay as they were submitted; and what people were reminded of, each once."""
    columns = {
        "ts": float,
        "person": str,
        "role": str,
        "start": float,
        "end": float,
        "due": float,
        "found": int,
        "open": int,
        "alerts": str,
        "numbers": str,
        "note": str,
        "receiver": str,
        "receipt": str,
    }
    table = db.table("duty_zero_report")
    table.create({"id": int, **columns}, pk="id", not_null=set(columns))
    table.create_index(["due"])
    for verb in ("UPDATE", "DELETE"):
        db.execute(
            f"CREATE TRIGGER duty_zero_report_no_{verb.lower()} BEFORE {verb} ON duty_zero_report "
            "BEGIN SELECT RAISE(ABORT, 'duty_zero_report only grows'); END"
        )
    refuse_replacing(db, "duty_zero_report")
    db.table("duty_reminder").create({"id": str, "ts": float}, pk="id", not_null={"ts"})
    db.table("duty_reminder").create_index(["ts"])


def index_entered_incidents(db: Database) -> None:
    """When incidents were entered, which zero-reports count by."""
    db.execute("CREATE INDEX incident_timeline_created ON incident_timeline (at) WHERE action = 'created'")


def refuse_replacing(db: Database, table: str) -> None:
    """INSERT OR REPLACE deletes without asking delete triggers: rows of `table` are not to be lost that way."""
    db.execute(
        f"CREATE TRIGGER {table}_not_replaced BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = new.id) "
        f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
    )
