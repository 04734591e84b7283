"""A duty passes by two signatures, each in their own name, with what is open as the database has it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sentinel.duty import (
    Check,
    DutyBook,
    DutyError,
    Handover,
    HandoverBook,
    OpenItem,
    PatrolResult,
    Person,
    Role,
    Shift,
    StandIn,
)
from sentinel.incident import Grading, Handling, IncidentSettings, State
from sentinel.store import audit
from sentinel.store.writer import open_database

HOUR = 3600.0
CHANGE = 100 * HOUR
"""When the night's shift follows the day's."""
DAY, NIGHT, LEADER, OTHER = (Person(name, "1") for name in ("张三", "王五", "李四", "赵六"))
SHIFTS = [
    Shift(Role.OFFICER, DAY, CHANGE - 12 * HOUR, CHANGE),
    Shift(Role.OFFICER, NIGHT, CHANGE, CHANGE + 12 * HOUR),
    Shift(Role.LEADER, LEADER, CHANGE - 24 * HOUR, CHANGE + 24 * HOUR),
]
HANDLING = Handling(IncidentSettings(), Grading.load())


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Any]:
    database = open_database(tmp_path / "s.sqlite")
    yield database
    database.conn.close()


@pytest.fixture
def book(database: Any) -> DutyBook:
    book = DutyBook(database, "desk")
    book.add_shifts(SHIFTS, "李四", 1)
    return book


@pytest.fixture
def handovers(database: Any, book: DutyBook) -> HandoverBook:
    book.patrol("张三", CHANGE - 600, "机房", PatrolResult.NORMAL, "")
    return HandoverBook(database, book)


def opened(database: Any, title: str, now: float, *, level: int = 4, drill: bool = False) -> str:
    incident, _ = HANDLING.open(database.conn, title=title, actor="张三", now=now, drill=drill)
    if level < 4:
        HANDLING.decide(database.conn, incident.id, level, actor="张三", now=now)
    return incident.number


def offered(handovers: HandoverBook, now: float = CHANGE, **more: Any) -> Handover:
    return handovers.offer("张三", "王五", now, **{"abnormal": {}, **more})


def refused(id: str) -> Any:
    return pytest.raises(DutyError, check=lambda error: error.message.id == id)


def test_both_sign_the_same_with_what_is_open(handovers: HandoverBook, database: Any) -> None:
    minor, middle = (opened(database, title, 10, level=level) for title, level in (("扫描", 4), ("篡改", 3)))
    opened(database, "演练", 10, drill=True)
    ended = opened(database, "误报", 10)
    HANDLING.move(database.conn, ended, State.FALSE_POSITIVE, actor="张三", now=11, reason="测试")
    offer = offered(handovers, abnormal={Check.COOLING: "温度偏高"}, pending="等电信回电")
    assert (offer.role, offer.giver, offer.taker, offer.patrol_at) == (
        Role.OFFICER,
        "张三",
        "王五",
        CHANGE - 600,
    )
    assert offer.items == (
        OpenItem(middle, "篡改", "new", 3, ""),
        OpenItem(minor, "扫描", "new", 4, ""),
    ), "the gravest first, no drill, nothing that has ended"
    assert (offer.open_count, offer.answer) == (2, None)
    later = opened(database, "又一起", CHANGE + 30)
    done = handovers.answer(offer.id, "王五", CHANGE + 60, accepted=True)
    assert done.digest == offer.digest
    assert done.abnormal == {Check.COOLING: "温度偏高"}
    assert done.answer is not None
    assert (done.answer.person, done.answer.ts, done.answer.accepted) == ("王五", CHANGE + 60, True)
    assert done.answer.opened == (later,)
    assert handovers.latest() == [done]
    rows = [row for row in audit.rows(database) if "handover" in row.action]
    assert [(row.actor, row.action) for row in rows] == [
        ("张三", "duty.handover.offer"),
        ("王五", "duty.handover.accept"),
    ]
    assert {row.detail["digest"] for row in rows} == {offer.digest}


def test_nobody_signs_for_another_and_the_attempt_is_kept(handovers: HandoverBook, database: Any) -> None:
    offer = offered(handovers)
    for actor in ("张三", "李四", ""):
        with refused("duty.handover.not-taker"):
            handovers.answer(offer.id, actor, CHANGE + 60, accepted=True)
        assert (audit.rows(database)[-1].actor, audit.rows(database)[-1].action) == (
            actor,
            "duty.handover.refused",
        )
    assert handovers.find(offer.id).answer is None


@pytest.mark.parametrize(
    ("giver", "taker", "now"),
    [
        ("张三", "张三", CHANGE),
        ("王五", "张三", CHANGE),
        ("张三", "赵六", CHANGE),
        ("张三", "李四", CHANGE),
        ("赵六", "王五", CHANGE),
        ("张三", "王五", CHANGE - 3 * HOUR),
        ("张三", "王五", CHANGE + 3 * HOUR),
    ],
)
def test_only_who_goes_hands_over_to_who_follows(
    handovers: HandoverBook, database: Any, giver: str, taker: str, now: float
) -> None:
    with refused("duty.handover.not-yours"):
        handovers.offer(giver, taker, now, abnormal={})
    assert audit.rows(database)[-1].action == "duty.handover.refused"
    assert handovers.latest() == []


@pytest.mark.parametrize("now", [CHANGE - HOUR, CHANGE, CHANGE + HOUR])
def test_a_little_before_or_after_the_hour_is_in_time(handovers: HandoverBook, now: float) -> None:
    assert offered(handovers, now, reason="路上堵车").role is Role.OFFICER


def test_a_stand_in_takes_over(handovers: HandoverBook, book: DutyBook) -> None:
    book.stand_in(StandIn(Role.OFFICER, "王五", OTHER, CHANGE, CHANGE + 12 * HOUR), "李四", 10)
    assert handovers.offer("张三", "赵六", CHANGE, abnormal={}).taker == "赵六"
    with refused("duty.handover.not-yours"):
        offered(handovers)


def test_no_hand_over_without_a_patrol_or_amid_a_grave_incident_but_with_a_reason(
    handovers: HandoverBook, database: Any
) -> None:
    with refused("duty.handover.no-patrol"):
        offered(handovers, CHANGE + HOUR)
    opened(database, "勒索", 10, level=2)
    with refused("duty.handover.grave"):
        offered(handovers)
    assert offered(handovers, reason="专班已接手").reason == "专班已接手"


def test_who_declines_says_why_and_it_is_offered_again(handovers: HandoverBook) -> None:
    first = offered(handovers)
    with refused("duty.handover.no-note"):
        handovers.answer(first.id, "王五", CHANGE + 60, accepted=False, note=" ")
    declined = handovers.answer(first.id, "王五", CHANGE + 60, accepted=False, note="空调未报修")
    assert declined.answer is not None and not declined.answer.accepted
    with refused("duty.handover.answered"):
        handovers.answer(first.id, "王五", CHANGE + 70, accepted=True)
    again = offered(handovers, CHANGE + 120)
    assert handovers.answer(again.id, "王五", CHANGE + 180, accepted=True).answer is not None


def test_what_is_old_or_offered_anew_cannot_be_signed(handovers: HandoverBook) -> None:
    first = offered(handovers)
    second = offered(handovers, CHANGE + 60)
    with refused("duty.handover.stale"):
        handovers.answer(first.id, "王五", CHANGE + 70, accepted=True)
    with refused("duty.handover.stale"):
        handovers.answer(second.id, "王五", CHANGE + 3 * HOUR, accepted=True)
    with refused("duty.handover.none"):
        handovers.answer(99, "王五", CHANGE, accepted=True)


@pytest.mark.parametrize("table", ["duty_handover", "duty_handover_answer"])
def test_what_was_signed_stays(handovers: HandoverBook, database: Any, table: str) -> None:
    handovers.answer(offered(handovers).id, "王五", CHANGE + 60, accepted=True)
    for statement in (
        f"UPDATE {table} SET ts = 0",
        f"DELETE FROM {table}",
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            database.conn.execute(statement)


def test_whoever_goes_round_that_is_found_by_the_digest(handovers: HandoverBook, database: Any) -> None:
    id = offered(handovers, pending="等电信回电").id
    database.conn.execute("DROP TRIGGER duty_handover_no_update")
    database.conn.execute("UPDATE duty_handover SET pending = ''")
    with refused("duty.handover.altered"):
        handovers.find(id)


def test_texts_are_bounded_and_long_lists_say_how_many_there_are(
    handovers: HandoverBook, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for more in ({"pending": "x" * 2001}, {"reason": "x" * 2001}, {"abnormal": {Check.FIRE: "x" * 2001}}):
        with refused("duty.handover.too-long"):
            offered(handovers, **more)
    monkeypatch.setattr("sentinel.duty.handover_book._MOST_ITEMS", 2)
    for number in range(3):
        opened(database, f"扫描 {number}", 10)
    offer = offered(handovers)
    assert (len(offer.items), offer.open_count) == (2, 3)
