"""Reminders: what should have been done on duty and was not, each told once to who must know (form D7, D3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from sentinel.duty.book import DutyBook
from sentinel.duty.roster import Role
from sentinel.duty.settings import DutySettings
from sentinel.duty.zero_report import ZeroReportBook, due_times
from sentinel.text import Message

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Reminder", "new_reminders"]

_LOOKED_BACK: Final = 86400.0
"""Seconds after which what was missed is history, and stands in reports alone."""
_ROSTER_LASTS: Final = 2 * 86400.0
"""Seconds after its last shift in which a roster is still one that people keep."""
_AHEAD: Final = 3600.0
_REMEMBERED: Final = 30 * 86400.0


@dataclass(frozen=True, slots=True)
class Reminder:
    """One thing to say."""

    id: str
    """The same for the same thing."""
    role: Role
    message: Message
    urgent: bool = True
    """Whether it breaks quiet hours: what can still be put right, or leaves nobody who looks."""


def new_reminders(database: Database, settings: DutySettings, now: float) -> list[Reminder]:
    """What is to be said at `now` and was not yet; from here on it counts as said. Inside the caller's transaction."""
    book, zone = DutyBook(database, "sentinel"), ZoneInfo(settings.zone)
    found = []
    reminders = (
        *_vacancy(book, zone, now),
        *_zero_report(database, book, settings, zone, now),
        *_rounds(book, settings, zone, now),
    )
    for reminder in reminders:
        done = database.conn.execute(
            "INSERT OR IGNORE INTO duty_reminder (id, ts) VALUES (?, ?)", (reminder.id, now)
        )
        if done.rowcount:
            found.append(reminder)
    if found:
        database.conn.execute("DELETE FROM duty_reminder WHERE ts < ?", (now - _REMEMBERED,))
    return found


def _vacancy(book: DutyBook, zone: ZoneInfo, now: float) -> Iterator[Reminder]:
    """Nobody is the officer on duty, or will be within the hour (缺岗). A roster that ended long ago is none."""
    roster = book.roster(now - _ROSTER_LASTS, now + _AHEAD)
    ends = sorted(
        shift.end for shift in roster.shifts if shift.role is Role.OFFICER and shift.end <= now + _AHEAD
    )
    vacant = [end for end in ends if Role.OFFICER not in roster.on_duty(max(end, now))]
    if not vacant:
        return
    since = vacant[0] if vacant[0] > now else vacant[-1]
    time = f"{datetime.fromtimestamp(since, zone):%m-%d %H:%M}"
    yield Reminder(f"vacant/{since:.0f}", Role.LEADER, Message("duty.vacant", time=time))


def _zero_report(
    database: Database, book: DutyBook, settings: DutySettings, zone: ZoneInfo, now: float
) -> Iterator[Reminder]:
    """Before it is due the officer, then the leader, then the person in charge; of what is past only the latest."""
    wanted = settings.zero_report
    if wanted.when == "never":
        return
    periods = book.guard_periods(now - _LOOKED_BACK)
    reports = ZeroReportBook(database, book, wanted.at, zone)
    for due in due_times(wanted.at, now, zone):
        if wanted.when == "guard" and not periods.active(due):
            continue
        if not due - wanted.warn <= now < due + _LOOKED_BACK or reports.submitted_for(due):
            continue
        late = now - due
        stage, role = (
            ("soon", Role.OFFICER)
            if late < 0
            else ("missing", Role.LEADER)
            if late < wanted.escalate
            else ("escalated", Role.IN_CHARGE)
        )
        time = f"{datetime.fromtimestamp(due, zone):%m-%d %H:%M}"
        yield Reminder(f"zero-report/{due:.0f}/{stage}", role, Message(f"duty.zero.{stage}", time=time))


def _rounds(book: DutyBook, settings: DutySettings, zone: ZoneInfo, now: float) -> Iterator[Reminder]:
    """Patrols that nobody made, once their time is over: the leader hears, in the morning where it is quiet."""
    for plan in settings.patrols:
        for round in plan.rounds(now - _LOOKED_BACK, now, zone):
            if round.until < now and not book.patrolled(round.place, round.since, round.until):
                time = f"{datetime.fromtimestamp(round.at, zone):%m-%d %H:%M}"
                message = Message("duty.patrol.missed", place=round.place, time=time)
                yield Reminder(f"patrol/{round.place}/{round.at:.0f}", Role.LEADER, message, urgent=False)
