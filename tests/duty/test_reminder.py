"""Reminders: before the zero-report is due, when it is missing, up the roster; patrols that nobody made. Each once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sentinel.duty import (
    DutyBook,
    DutySettings,
    GuardPeriod,
    PatrolPlan,
    PatrolResult,
    Person,
    Role,
    Shift,
    ZeroReportBook,
    ZeroReportSettings,
)
from sentinel.duty.reminder import new_reminders
from sentinel.store.writer import open_database

ZONE = ZoneInfo("Asia/Shanghai")
ALWAYS = DutySettings(zero_report=ZeroReportSettings(when="always"))


def ts(written: str) -> float:
    return datetime.fromisoformat(f"2026-11-{written}").replace(tzinfo=ZONE).timestamp()


class Desk:
    def __init__(self, path: Path) -> None:
        self.database = open_database(path)
        self.book = DutyBook(self.database, "desk")
        people = ((Role.OFFICER, "张三"), (Role.LEADER, "李四"))
        shifts = [Shift(role, Person(name, "1"), ts("20 00:00"), ts("30 00:00")) for role, name in people]
        self.book.add_shifts(shifts, "李四", 0)

    def at(self, written: str, settings: DutySettings = ALWAYS) -> list[tuple[Role, str]]:
        found = new_reminders(self.database, settings, ts(written))
        return [(reminder.role, reminder.message.id) for reminder in found]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "s.sqlite")
    new_reminders(made.database, ALWAYS, ts("24 18:00"))
    yield made
    made.database.conn.close()


def test_a_missing_report_goes_up_the_roster(desk: Desk) -> None:
    assert desk.at("25 16:29") == []
    assert desk.at("25 16:30") == [(Role.OFFICER, "duty.zero.soon")]
    assert desk.at("25 16:59") == []
    assert desk.at("25 17:00") == [(Role.LEADER, "duty.zero.missing")]
    assert desk.at("25 17:15") == [(Role.IN_CHARGE, "duty.zero.escalated")]
    assert desk.at("26 16:29") == []


def test_who_reported_hears_nothing(desk: Desk) -> None:
    reports = ZeroReportBook(desk.database, desk.book, "17:00", ZONE)
    reports.submit("张三", ts("25 16:00"))
    assert [desk.at(when) for when in ("25 16:30", "25 17:00", "25 18:00")] == [[], [], []]
    assert desk.at("26 16:30") == [(Role.OFFICER, "duty.zero.soon")]


def test_after_an_absence_only_the_latest_is_told(desk: Desk) -> None:
    assert desk.at("25 20:00") == [(Role.IN_CHARGE, "duty.zero.escalated")]


def test_in_guard_periods_only(desk: Desk) -> None:
    guarded = DutySettings()
    assert desk.at("25 17:00", guarded) == []
    period = GuardPeriod(0, "两会", ts("26 08:00"), ts("26 18:00"), 0.5, 1, True, "李四")
    desk.book.start_guard(period, ts("25 18:00"))
    assert desk.at("26 16:40", guarded) == [(Role.OFFICER, "duty.zero.soon")]
    assert desk.at("27 17:00", guarded) == []
    never = replace(guarded, zero_report=ZeroReportSettings(when="never"))
    assert desk.at("26 17:00", never) == []


def test_a_patrol_that_nobody_made_is_told_once_its_time_is_over(desk: Desk) -> None:
    plan = PatrolPlan("机房", ("08:30", "17:30"), 3600)
    settings = DutySettings(zero_report=ZeroReportSettings(when="never"), patrols=(plan,))
    desk.book.patrol("张三", ts("24 17:30"), "机房", PatrolResult.NORMAL, "")
    assert desk.at("25 09:30", settings) == []
    assert desk.at("25 09:31", settings) == [(Role.LEADER, "duty.patrol.missed")]
    assert desk.at("25 09:32", settings) == []
    desk.book.patrol("张三", ts("25 18:00"), "大厅", PatrolResult.NORMAL, "")
    desk.book.patrol("张三", ts("25 18:00"), "机房", PatrolResult.NORMAL, "")
    assert desk.at("25 20:00", settings) == []


def test_a_vacancy_is_told_an_hour_ahead_and_once(desk: Desk) -> None:
    never = DutySettings(zero_report=ZeroReportSettings(when="never"))
    assert desk.at("29 22:59", never) == []
    assert desk.at("29 23:00", never) == [(Role.LEADER, "duty.vacant")]
    assert desk.at("30 02:00", never) == []
    shift = Shift(Role.OFFICER, Person("王五", "1"), ts("30 03:00"), ts("30 11:00"))
    desk.book.add_shifts([shift], "李四", ts("30 02:00"))
    assert desk.at("30 03:00", never) == []
    assert desk.at("30 11:30", never) == [(Role.LEADER, "duty.vacant")], "a new one"
    assert desk.at("30 23:00", never) == []


def test_shifts_that_follow_each_other_leave_no_vacancy(desk: Desk) -> None:
    shift = Shift(Role.OFFICER, Person("王五", "1"), ts("30 00:00"), ts("30 20:00"))
    desk.book.add_shifts([shift], "李四", ts("25 00:00"))
    assert desk.at("29 23:30", DutySettings(zero_report=ZeroReportSettings(when="never"))) == []
