"""Zero-reports: counted, in the name of who is on duty, for the time they are due, never changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sentinel.duty import DutyBook, DutyError, Person, Role, Shift, ZeroReportBook
from sentinel.duty.zero_report import due_times
from sentinel.incident import Grading, Handling, IncidentSettings
from sentinel.store import audit
from sentinel.store.writer import open_database

ZONE = ZoneInfo("Asia/Shanghai")


def ts(written: str) -> float:
    return datetime.fromisoformat(f"2026-11-{written}").replace(tzinfo=ZONE).timestamp()


class Desk:
    def __init__(self, path: Path) -> None:
        self.database = open_database(path)
        self.book = DutyBook(self.database, "desk")
        self.reports = ZeroReportBook(self.database, self.book, "17:00", ZONE)
        self.handling = Handling(IncidentSettings(), Grading.load())
        shift = Shift(Role.OFFICER, Person("张三", "138"), ts("20 00:00"), ts("30 00:00"))
        self.book.add_shifts([shift], "张三", 0)

    def incident(self, at: str, drill: bool = False) -> str:
        incident, _ = self.handling.open(self.database.conn, title="x", actor="张三", now=ts(at), drill=drill)
        return incident.number


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "s.sqlite")
    yield made
    made.database.conn.close()


def test_each_incident_is_in_one_report_and_drills_in_none(desk: Desk) -> None:
    first = desk.incident("25 10:00")
    desk.incident("25 11:00", drill=True)
    one = desk.reports.submit("张三", ts("25 16:40"), note="无异常", receiver="市局")
    assert (one.found, list(one.numbers), one.open, one.role, one.note) == (
        1,
        [first],
        1,
        "officer",
        "无异常",
    )
    assert (one.due, one.late) == (ts("25 17:00"), False)
    second = desk.incident("25 16:50")
    two = desk.reports.submit("张三", ts("26 16:30"))
    assert (two.start, list(two.numbers), two.open) == (one.end, [second], 2)
    late, _ = desk.handling.open(
        desk.database.conn, title="x", actor="张三", now=ts("26 16:30"), discovered_at=ts("25 09:00")
    )
    assert list(desk.reports.submit("张三", ts("26 16:31")).numbers) == [late.number], "entered after all"
    nothing = desk.reports.submit("张三", ts("26 16:32"))
    assert (nothing.found, nothing.due) == (0, ts("26 17:00")), "one more for the same time"
    assert [report.id for report in desk.reports.due_within(ts("26 00:00"), ts("27 00:00"))] == [2, 3, 4]


@pytest.mark.parametrize(
    ("now", "due", "late"),
    [
        ("25 16:00", "25 17:00", False),
        ("25 17:00", "25 17:00", False),
        ("25 17:01", "25 17:00", True),
        ("26 04:00", "25 17:00", True),
        ("26 09:00", "26 17:00", False),
    ],
)
def test_which_time_it_is_for(desk: Desk, now: str, due: str, late: bool) -> None:
    report = desk.reports.submit("张三", ts(now))
    assert (report.due, report.late) == (ts(due), late)


def test_only_who_is_on_duty_submits_and_an_attempt_stays_on_the_trail(desk: Desk) -> None:
    with pytest.raises(DutyError, match="不当班"):
        desk.reports.submit("王五", ts("25 16:00"))
    desk.reports.submit("张三", ts("25 16:00"))
    done = [(row.actor, row.action) for row in audit.rows(desk.database)]
    assert done[-2:] == [("王五", "duty.zero-report.refused"), ("张三", "duty.zero-report")]
    assert len(desk.reports.latest(9)) == 1


@pytest.mark.parametrize("change", ["UPDATE duty_zero_report SET found = 0", "DELETE FROM duty_zero_report"])
def test_what_was_submitted_stays(desk: Desk, change: str) -> None:
    desk.reports.submit("张三", ts("25 16:00"))
    with pytest.raises(sqlite3.IntegrityError):
        desk.database.conn.execute(change)


def test_due_times_around_a_moment() -> None:
    assert due_times("17:00", ts("25 17:00"), ZONE) == (ts("25 17:00"), ts("26 17:00"))
    assert due_times("17:00", ts("25 16:59"), ZONE) == (ts("24 17:00"), ts("25 17:00"))
