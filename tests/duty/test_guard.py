"""Guard periods are ordered by who may, end by themselves, and where several hold the strictest counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sentinel.duty import DutyBook, DutyError, GuardPeriod, GuardPeriods, Person, Role, Shift
from sentinel.store import audit
from sentinel.store.writer import open_database

PERIOD = GuardPeriod(0, "两会", 100, 200, 0.5, 1, True, "李四")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Any]:
    database = open_database(tmp_path / "s.sqlite")
    yield database
    database.conn.close()


@pytest.fixture
def book(database: Any) -> DutyBook:
    book = DutyBook(database, "desk")
    book.add_shifts(
        [
            Shift(role, Person(name, "1"), 0, 300)
            for role, name in ((Role.OFFICER, "张三"), (Role.LEADER, "李四"))
        ],
        "李四",
        1,
    )
    return book


def refused(id: str) -> Any:
    return pytest.raises(DutyError, check=lambda error: error.message.id == id)


def test_where_several_hold_the_strictest_of_each_counts() -> None:
    periods = GuardPeriods((PERIOD, replace(PERIOD, start=150, end=250, factor=0.8, raised=2, freeze=False)))
    assert [periods.factor(now) for now in (99, 100, 150, 200, 250)] == [1.0, 0.5, 0.5, 0.8, 1.0]
    assert [periods.raised(now) for now in (99, 100, 150, 200, 250)] == [0, 1, 2, 2, 0]
    assert [periods.frozen(now) for now in (99, 100, 199, 200)] == [False, True, True, False]


def test_a_period_is_kept_with_who_ordered_it_until_it_is_over(book: DutyBook, database: Any) -> None:
    ordered = book.start_guard(PERIOD, 50)
    assert ordered == replace(PERIOD, id=1)
    assert book.guard_periods(199).periods == (ordered,)
    assert book.guard_periods(200).periods == ()
    row = audit.rows(database)[-1]
    assert (row.actor, row.action, row.subject) == ("李四", "duty.guard.start", "两会")
    assert row.detail["factor"] == 0.5


@pytest.mark.parametrize(("now", "end"), [(150, 150), (50, 100)])
def test_one_that_is_ended_early_or_called_off_holds_no_longer(
    book: DutyBook, database: Any, now: float, end: float
) -> None:
    id = book.start_guard(PERIOD, 50).id
    assert book.end_guard(id, "李四", now).end == end
    assert not any(book.guard_periods(0).active(after) for after in (end, 199))
    assert audit.rows(database)[-1].detail["planned"] == 200
    with refused("duty.guard.none"):
        book.end_guard(id, "李四", 201)


def test_only_leaders_order_and_end_and_the_attempt_is_kept(book: DutyBook, database: Any) -> None:
    with refused("duty.guard.not-yours"):
        book.start_guard(replace(PERIOD, actor="张三"), 50)
    id = book.start_guard(PERIOD, 50).id
    with refused("duty.guard.not-yours"):
        book.end_guard(id, "张三", 60)
    assert audit.rows(database)[-1].action == "duty.guard.refused"
    assert book.guard_periods(0).factor(150) == 0.5


@pytest.mark.parametrize(
    ("period", "id"),
    [
        (replace(PERIOD, name=" "), "duty.guard.bad-name"),
        (replace(PERIOD, name="会" * 101), "duty.guard.bad-name"),
        (replace(PERIOD, end=50), "duty.guard.bad-span"),
        (replace(PERIOD, end=100), "duty.guard.bad-span"),
        (replace(PERIOD, end=100 + 93 * 86400), "duty.guard.bad-span"),
        (replace(PERIOD, factor=0), "duty.guard.bad-measure"),
        (replace(PERIOD, factor=float("nan")), "duty.guard.bad-measure"),
        (replace(PERIOD, factor=1.5), "duty.guard.bad-measure"),
        (replace(PERIOD, raised=3), "duty.guard.bad-measure"),
        (replace(PERIOD, raised=-1), "duty.guard.bad-measure"),
    ],
)
def test_what_makes_no_sense_is_refused(book: DutyBook, period: GuardPeriod, id: str) -> None:
    with refused(id):
        book.start_guard(period, 50)
    assert book.guard_periods(0).periods == ()


def test_their_number_is_bounded(book: DutyBook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentinel.duty.book._MOST_PERIODS", 1)
    book.start_guard(PERIOD, 50)
    with refused("duty.guard.full"):
        book.start_guard(PERIOD, 50)
    book.start_guard(replace(PERIOD, start=200, end=300), 200)
