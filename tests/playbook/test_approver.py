"""Who may answer: the named, those on duty and their stand-ins, and those above."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from sentinel.duty import DutyBook, Person, Role, Shift, StandIn
from sentinel.playbook.approver import Approvers
from sentinel.playbook.settings import PlaybookSettings
from sentinel.store.writer import open_database

NOBODY = PlaybookSettings()
LEADERS = PlaybookSettings(leaders=("甲",))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "s.sqlite")
    yield database
    database.close()


@pytest.fixture
def roster(database: Database) -> DutyBook:
    """张三 is officer from 0 to 100, then 赵六; 李四 leads all day; 王五 is in charge from 50 on."""
    shifts = [
        (Role.OFFICER, "张三", 0, 100), (Role.OFFICER, "赵六", 100, 200), (Role.LEADER, "李四", 0, 200),
        (Role.IN_CHARGE, "王五", 50, 200),
    ]  # fmt: skip
    book = DutyBook(database, "desk")
    book.add_shifts([Shift(role, Person(name, "1"), *span) for role, name, *span in shifts], "李四", 0)
    return book


def test_without_names_and_roster_anyone_may(database: Database) -> None:
    assert Approvers(NOBODY).who(database, "leader", 10) is None
    assert Approvers(NOBODY).may(database, "谁都行", "in_charge", 10)
    assert Approvers(LEADERS).may(database, "乙", "officer", 10), "no officer is named"
    assert not Approvers(LEADERS).may(database, "乙", "leader", 10)


@pytest.mark.usefixtures("roster")
@pytest.mark.parametrize(
    ("role", "ts", "who"),
    [("officer", 10, {"张三", "李四"}), ("officer", 100, {"赵六", "李四", "王五"}), ("leader", 10, {"李四"}),
     ("leader", 60, {"李四", "王五"}), ("in_charge", 10, set()), ("in_charge", 60, {"王五"}), ("officer", 500, set())],
)  # fmt: skip
def test_who_is_on_duty_then_and_who_stands_above(
    database: Database, role: str, ts: float, who: set[str]
) -> None:
    assert Approvers(NOBODY).who(database, role, ts) == who


def test_a_stand_in_takes_the_place(database: Database, roster: DutyBook) -> None:
    roster.stand_in(StandIn(Role.LEADER, "李四", Person("钱七", "2"), 20, 40), "李四", 1)
    approvers = Approvers(NOBODY)
    assert [approvers.may(database, "钱七", "leader", ts) for ts in (19, 20, 39, 40)] == [
        False,
        True,
        True,
        False,
    ]
    assert not approvers.may(database, "李四", "leader", 30) and approvers.may(database, "李四", "leader", 40)


@pytest.mark.usefixtures("roster")
def test_the_named_may_beside_those_on_duty(database: Database) -> None:
    assert Approvers(LEADERS).who(database, "leader", 10) == {"甲", "李四"}
    assert Approvers(LEADERS).who(database, "officer", 10) == {"甲", "李四", "张三"}
    assert Approvers(LEADERS).who(database, "in_charge", 10) == set()
