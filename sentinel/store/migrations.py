"""The steps from an empty database to the present one. A step, once released, never changes."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from sentinel.store.duty_tables import (
    create_duty_tables,
    create_guard_table,
    create_handover_tables,
    create_zero_report_tables,
    index_entered_incidents,
    refuse_replacing,
)
from sentinel.store.fault import StoreError
from sentinel.store.feed import create_feed_table
from sentinel.store.incident_tables import (
    create_incident_tables,
    fix_identity_of_incidents,
    keep_versions_of_rules,
)
from sentinel.store.ledger_tables import (
    create_finding_table,
    create_ledger_tables,
    create_news_table,
    create_sight_table,
)
from sentinel.store.outbox import (
    create_merge_columns,
    create_outbox_table,
    create_request_table,
    index_done_messages,
)
from sentinel.store.playbook_tables import make_playbook_tables, make_schedule_table
from sentinel.text import Message

__all__ = ["migrate", "refuse_newer"]

_migrations = Migrations("sentinel")


@_migrations(name="0001-alert")
def _alert(db: Database) -> None:
    db.table("alert").create(
        {
            "id": str,
            "ts": float,
            "level": str,
            "title": str,
            "title_en": str,
            "rule_id": str,
            "tags": str,
            "category": str,
            "description": str,
            "kind": str,
            "uid": str,
            "src": str,
            "src_port": int,
            "dst": str,
            "dst_port": int,
            "zone": str,
            "fields": str,
            "stored_at": float,
        },
        pk="id",
        not_null={"ts", "level", "title", "rule_id", "kind", "tags", "fields", "stored_at"},
    )
    for columns in (["ts"], ["rule_id", "ts"], ["src", "ts"], ["dst", "ts"]):
        db.table("alert").create_index(columns)


@_migrations(name="0002-alert-respond")
def _alert_respond(db: Database) -> None:
    db.table("alert").add_column("respond", str)


@_migrations(name="0003-state")
def _state(db: Database) -> None:
    db.table("state").create(
        {"name": str, "part": int, "signature": str, "data": bytes},
        pk=("name", "part"),
        not_null={"signature", "data"},
    )


@_migrations(name="0004-intake-position")
def _intake_position(db: Database) -> None:
    db.table("intake_position").create(
        {"source": str, "stream": str, "position": str},
        pk=("source", "stream"),
        not_null={"source", "stream", "position"},
    )


@_migrations(name="0005-audit")
def _audit(db: Database) -> None:
    db.table("audit").create(
        {
            "id": int,
            "ts": float,
            "actor": str,
            "action": str,
            "subject": str,
            "detail": str,
            "drill": int,
            "hash": str,
        },
        pk="id",
        not_null={"ts", "actor", "action", "subject", "detail", "drill", "hash"},
    )
    db.table("audit").create_index(["subject", "id"])
    for verb in ("UPDATE", "DELETE"):
        db.execute(
            f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END"
        )


@_migrations(name="0006-incident")
def _incident(db: Database) -> None:
    create_incident_tables(db)


@_migrations(name="0007-outbox")
def _outbox(db: Database) -> None:
    create_outbox_table(db)


@_migrations(name="0008-duty")
def _duty(db: Database) -> None:
    create_duty_tables(db)


@_migrations(name="0009-ledger")
def _ledger(db: Database) -> None:
    create_ledger_tables(db)


_migrations(name="0010-playbook")(make_playbook_tables)


@_migrations(name="0011-not-replaced")
def _not_replaced(db: Database) -> None:
    for table in ("audit", "duty_patrol"):
        refuse_replacing(db, table)


@_migrations(name="0012-guard")
def _guard(db: Database) -> None:
    create_guard_table(db)


@_migrations(name="0013-handover")
def _handover(db: Database) -> None:
    create_handover_tables(db)


_migrations(name="0014-outbox-request")(create_request_table)
_migrations(name="0015-outbox-merge")(create_merge_columns)


@_migrations(name="0015-ledger-difference")
def _ledger_difference(db: Database) -> None:
    db.execute("ALTER TABLE asset_difference ADD COLUMN document TEXT NOT NULL DEFAULT '{}'")


_migrations(name="0016-feed")(create_feed_table)
_migrations(name="0017-zero-report")(create_zero_report_tables)
_migrations(name="0018-ledger-sight")(create_sight_table)
_migrations(name="0019-entered")(index_entered_incidents)
_migrations(name="0020-playbook-schedule")(make_schedule_table)
_migrations(name="0021-outbox-done")(index_done_messages)
_migrations(name="0022-rule-versions")(keep_versions_of_rules)
_migrations(name="0023-incident-identity")(fix_identity_of_incidents)
_migrations(name="0024-ledger-finding")(create_finding_table)
_migrations(name="0025-ledger-news")(create_news_table)


def migrate(db: Database) -> None:
    """Bring `db` to the present form. Raises StoreError where a newer version wrote it."""
    refuse_newer(db)
    _migrations.apply(db)


def refuse_newer(db: Database) -> None:
    """Raises StoreError where a newer version of the program wrote `db`; reads only."""
    applied = {migration.name for migration in _migrations.applied(db)}
    ours = {migration.name for migration in _migrations.pending(Database(memory=True))}
    if newer := sorted(applied - ours):
        raise StoreError(Message("store.newer", step=newer[-1]))
