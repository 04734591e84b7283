"""The audit trail: it grows, it cannot be changed, and who changes it nevertheless is found."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from sentinel.store import StoreWriter, audit
from sentinel.store.writer import open_database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(tmp_path / "s.sqlite")


def fill(database: Database, number: int) -> None:
    for n in range(number):
        audit.append(
            database,
            ts=n,
            actor="值班员甲",
            action="test.do",
            subject=f"s{n % 2}",
            detail={"n": n},
            drill=n == 3,
        )


def meddle(database: Database, statement: str) -> None:
    for verb in ("update", "delete"):
        database.execute(f"DROP TRIGGER IF EXISTS audit_no_{verb}")
    database.execute(statement)


def test_rows_come_back_as_they_were_written(database: Database) -> None:
    assert audit.head(database).id == 0 and audit.verify(database) is None
    fill(database, 5)
    assert [(row.id, row.ts, row.detail, row.drill) for row in audit.rows(database, subject="s1")] == [
        (2, 1.0, {"n": 1}, False),
        (4, 3.0, {"n": 3}, True),
    ]
    assert [row.id for row in audit.rows(database, limit=2)] == [4, 5]
    assert audit.rows(database)[0].actor == "值班员甲"
    assert audit.verify(database) is None


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'x' WHERE id = 2", "DELETE FROM audit"])
def test_the_database_refuses_changes(database: Database, statement: str) -> None:
    fill(database, 3)
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        database.execute(statement)
    assert audit.verify(database) is None


@pytest.mark.parametrize(
    ("statement", "bad"),
    [
        ("UPDATE audit SET actor = 'x' WHERE id = 3", 3),
        ("UPDATE audit SET detail = '{}' WHERE id = 1", 1),
        ("UPDATE audit SET drill = 1 WHERE id = 5", 5),
        ("UPDATE audit SET hash = (SELECT hash FROM audit WHERE id = 1) WHERE id = 2", 2),
        ("DELETE FROM audit WHERE id = 1", 1),
        ("DELETE FROM audit WHERE id = 4", 4),
    ],
)
def test_meddling_is_found_at_its_row(database: Database, statement: str, bad: int) -> None:
    fill(database, 6)
    meddle(database, statement)
    assert audit.verify(database) == bad


def test_a_cut_end_is_found_against_a_noted_head(database: Database) -> None:
    fill(database, 6)
    noted = audit.head(database)
    meddle(database, "DELETE FROM audit WHERE id > 4")
    assert audit.verify(database) is None
    assert audit.verify(database, noted) == 5
    fill(database, 4)
    assert audit.verify(database, noted) == 6


def test_text_that_is_no_text_is_kept_readable(database: Database) -> None:
    audit.append(
        database, ts=1, actor="\udcff", action="a", subject="s", detail={"k": "\udcfe", "p": Path("/x")}
    )
    (row,) = audit.rows(database)
    assert row.actor == "\\udcff" and row.detail == {"k": "\udcfe", "p": "/x"}
    assert audit.verify(database) is None


async def test_a_job_that_fails_leaves_no_row(tmp_path: Path) -> None:
    def bad(database: Database) -> None:
        fill(database, 1)
        raise ValueError("no")

    async with StoreWriter(tmp_path / "w.sqlite") as writer:
        await writer.run(lambda database: fill(database, 2))
        with pytest.raises(ValueError, match="no"):
            await writer.run(bad)
        await writer.run(lambda database: fill(database, 1))
        assert await writer.run(audit.verify) is None
        assert (await writer.run(audit.head)).id == 3
