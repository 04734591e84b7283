"""Migrations run once, and a database from the future is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.store.fault import StoreError
from sentinel.store.writer import open_database


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    first = open_database(tmp_path / "s.sqlite")
    schema, steps = first.schema, first.execute("SELECT count(*) FROM _sqlite_migrations").fetchone()
    assert steps > (0,)
    first.close()
    second = open_database(tmp_path / "s.sqlite")
    assert second.schema == schema
    assert second.execute("PRAGMA synchronous").fetchone() == (2,)
    assert second.execute("SELECT count(*) FROM _sqlite_migrations").fetchone() == steps
    second.close()


def test_alerts_of_the_first_release_stay_readable(tmp_path: Path) -> None:
    database = open_database(tmp_path / "s.sqlite")
    database.table("alert").transform(drop={"respond"})
    database.execute("DELETE FROM _sqlite_migrations WHERE name = '0002-alert-respond'")
    row = {"id": "a", "ts": 1.0, "level": "high", "title": "旧告警", "rule_id": "r", "kind": "conn"}
    database.table("alert").insert(row | {"tags": "[]", "fields": "{}", "stored_at": 2.0})
    database.close()
    database = open_database(tmp_path / "s.sqlite")
    assert database.execute("SELECT title, respond FROM alert").fetchall() == [("旧告警", None)]
    database.close()


def test_a_newer_database_is_refused_by_name(tmp_path: Path) -> None:
    database = open_database(tmp_path / "s.sqlite")
    row = {"migration_set": "sentinel", "name": "9999-future", "applied_at": "now"}
    database.table("_sqlite_migrations").insert(row)
    database.close()
    with pytest.raises(StoreError, match="9999-future"):
        open_database(tmp_path / "s.sqlite")
