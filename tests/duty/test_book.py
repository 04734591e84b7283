"""Patrols are made by who is on duty and nobody else, stand-ins agreed by who may; all on the audit trail."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sentinel.duty import DutyBook, DutyError, PatrolResult, Person, Role, Shift, StandIn
from sentinel.store import audit
from sentinel.store.writer import open_database

OFFICER, LEADER, OTHER = Person("张三", "1"), Person("李四", "2"), Person("王五", "3")
SHIFTS = [Shift(Role.OFFICER, OFFICER, 0, 100), Shift(Role.LEADER, LEADER, 0, 100)]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Any]:
    database = open_database(tmp_path / "s.sqlite")
    yield database
    database.conn.close()


@pytest.fixture
def book(database: Any) -> DutyBook:
    book = DutyBook(database, "desk")
    assert book.add_shifts(SHIFTS, "李四", 1) == 2
    return book


def refused(id: str) -> Any:
    return pytest.raises(DutyError, check=lambda error: error.message.id == id)


def test_the_same_roster_twice_adds_nothing(book: DutyBook) -> None:
    assert book.add_shifts(SHIFTS, "李四", 2) == 0
    assert book.roster(0, 100).on_duty(50) == {Role.OFFICER: OFFICER, Role.LEADER: LEADER}


def test_who_is_on_duty_records_a_patrol_with_the_time_it_is_made(book: DutyBook, database: Any) -> None:
    patrol = book.patrol("张三", 50, "机房", PatrolResult.ABNORMAL, "UPS 告警")
    assert book.patrols(0, 100) == [patrol]
    assert (patrol.ts, patrol.role) == (50, Role.OFFICER)
    row = audit.rows(database)[-1]
    assert (row.actor, row.action, row.subject) == ("张三", "duty.patrol", "机房")
    assert row.detail["user"] == "desk"
    assert audit.verify(database) is None


@pytest.mark.parametrize(("actor", "now"), [("王五", 50), ("张三", 100), ("", 50)])
def test_nobody_fills_in_for_another_and_the_attempt_is_kept(
    book: DutyBook, database: Any, actor: str, now: float
) -> None:
    with refused("duty.patrol.not-on-duty"):
        book.patrol(actor, now, "机房", PatrolResult.NORMAL, "")
    assert book.patrols(0, 1000) == []
    assert [(row.actor, row.action) for row in audit.rows(database)][1:] == [(actor, "duty.patrol.refused")]


def test_a_record_is_bounded_and_says_what_is_wrong(book: DutyBook) -> None:
    with refused("duty.patrol.no-note"):
        book.patrol("张三", 50, "机房", PatrolResult.PENDING, " ")
    for place, note in (("", "x"), ("x" * 201, "x"), ("机房", "x" * 2001)):
        with refused("duty.patrol.too-long"):
            book.patrol("张三", 50, place, PatrolResult.NORMAL, note)


@pytest.mark.parametrize("verb", ["UPDATE duty_patrol SET note = 'x'", "DELETE FROM duty_patrol"])
def test_what_was_recorded_stays(book: DutyBook, database: Any, verb: str) -> None:
    book.patrol("张三", 50, "机房", PatrolResult.NORMAL, "")
    with pytest.raises(sqlite3.IntegrityError, match="only grow"):
        database.conn.execute(verb)


def test_a_stand_in_takes_the_duty_and_its_records(book: DutyBook) -> None:
    book.stand_in(StandIn(Role.OFFICER, "张三", OTHER, 40, 60), "李四", 10)
    assert book.roster(50, 50).on_duty(50)[Role.OFFICER] == OTHER
    assert book.patrol("王五", 50, "机房", PatrolResult.NORMAL, "").person == "王五"
    with refused("duty.patrol.not-on-duty"):
        book.patrol("张三", 50, "机房", PatrolResult.NORMAL, "")


def test_only_leaders_agree_and_only_to_a_shift_there_is(book: DutyBook, database: Any) -> None:
    with refused("duty.stand-in.not-yours"):
        book.stand_in(StandIn(Role.OFFICER, "张三", OTHER, 40, 60), "张三", 10)
    assert audit.rows(database)[-1].action == "duty.stand-in.refused"
    for stand_in in (
        StandIn(Role.OFFICER, "赵六", OTHER, 40, 60),
        StandIn(Role.OFFICER, "张三", OTHER, 100, 160),
        StandIn(Role.OFFICER, "张三", OTHER, 60, 40),
    ):
        with refused("duty.stand-in.no-shift"):
            book.stand_in(stand_in, "李四", 10)
    assert book.roster(0, 100).stand_ins == ()


def test_only_leaders_extend_a_roster_and_the_attempt_is_kept(book: DutyBook, database: Any) -> None:
    more = [Shift(Role.OFFICER, OTHER, 0, 100)]
    for actor in ("王五", "张三"):
        with refused("duty.roster.not-yours"):
            book.add_shifts(more, actor, 2)
        assert (audit.rows(database)[-1].actor, audit.rows(database)[-1].action) == (
            actor,
            "duty.roster.refused",
        )
    assert book.roster(0, 100).shifts == tuple(SHIFTS)
    assert book.add_shifts(more, "李四", 2) == 1


def test_a_roster_without_anyone_who_decides_locks_nobody_out(database: Any) -> None:
    book = DutyBook(database, "desk")
    assert book.add_shifts(SHIFTS[:1], "张三", 1) == 1
    assert book.add_shifts(SHIFTS, "张三", 2) == 1
    with refused("duty.roster.not-yours"):
        book.add_shifts(SHIFTS, "张三", 3)


@pytest.mark.parametrize("table", ["audit", "duty_patrol"])
def test_what_was_recorded_is_not_replaced(book: DutyBook, database: Any, table: str) -> None:
    book.patrol("张三", 50, "机房", PatrolResult.NORMAL, "")
    before = database.conn.execute(f"SELECT * FROM {table}").fetchall()
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        database.conn.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    assert database.conn.execute(f"SELECT * FROM {table}").fetchall() == before


def test_the_book_is_bounded(book: DutyBook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentinel.duty.book._MOST_SHIFTS", 2)
    with refused("duty.roster.full"):
        book.add_shifts([Shift(Role.OFFICER, OTHER, 100, 200)], "李四", 2)
