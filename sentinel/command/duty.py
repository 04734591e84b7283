"""`sentinel duty`: the roster, who is on duty now, patrol records, the day's report."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sentinel.command.acting import act, logged_in
from sentinel.command.handover import hand_over
from sentinel.config import Config
from sentinel.duty import (
    DutyBook,
    DutyError,
    GuardPeriod,
    PatrolResult,
    Period,
    Person,
    Role,
    StandIn,
    summarise,
)
from sentinel.duty.page import summary_page
from sentinel.duty.roster_file import read_moment, read_roster
from sentinel.store.session import in_transaction, reading
from sentinel.text import Message, text

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["run"]

_Action = Callable[[argparse.Namespace, Config, DutyBook, float], int]


def run(options: argparse.Namespace, clock: Callable[[], float] = time.time) -> int:
    """Exit 0: done; 1: the duty book does not take it, or nobody is on duty; 2: no configuration, no database."""
    # Who only reads waits for nobody who writes, and still sees one moment of the database.
    session = reading if _reads(options) else in_transaction

    def do(config: Config, options: argparse.Namespace) -> int:
        return session(Path(config.store.path), lambda database: _act(options, config, database, clock()))

    return act(options, {options.action: do})


def _reads(options: argparse.Namespace) -> bool:
    return options.action in ("now", "report") or getattr(options, "verb", None) in ("list", "show")


def _act(options: argparse.Namespace, config: Config, database: Database, now: float) -> int:
    book = DutyBook(database, logged_in())
    try:
        if options.action == "report":
            return _report(options, config, database, now)
        if options.action == "handover":
            return hand_over(options, config, database, book, now)
        return _ACTIONS[options.action](options, config, book, now)
    except DutyError as error:
        # A refusal is on the audit trail: it is committed like what was accepted.
        print(text("cli.error", message=error), file=sys.stderr)
        return 1


def _roster(options: argparse.Namespace, config: Config, book: DutyBook, now: float) -> int:
    read = read_roster(options.file, ZoneInfo(config.duty.zone))
    for problem in read.problems:
        print(text("cli.error", message=problem), file=sys.stderr)
    if read.problems:
        print(text("duty.roster.refused", bad=len(read.problems)), file=sys.stderr)
        return 1
    added = book.add_shifts(read.shifts, options.actor, now)
    print(text("duty.roster.added", added=added, given=len(read.shifts)))
    return 0


def _now(options: argparse.Namespace, config: Config, book: DutyBook, now: float) -> int:
    present = book.roster(now, now).on_duty(now)
    for role in Role:
        name = text(f"duty.role.{role}")
        if role in present:
            print(text("duty.now", role=name, person=present[role].name, phone=present[role].phone))
        else:
            print(text("duty.nobody", role=name))
    for period in book.guard_periods(now).active(now):
        print(_guard_line(period, ZoneInfo(config.duty.zone)))
    return 0 if Role.OFFICER in present else 1


def _guard(options: argparse.Namespace, config: Config, book: DutyBook, now: float) -> int:
    zone = ZoneInfo(config.duty.zone)
    if options.verb == "list":
        periods = book.guard_periods(now).periods
        for period in periods:
            print(_guard_line(period, zone))
        if not periods:
            print(text("duty.guard.nothing"))
        return 0
    if options.verb == "end":
        print(text("duty.guard.ended", name=book.end_guard(options.id, options.actor, now).name))
        return 0
    start = _moment(options.since, zone) if options.since else now
    end = _moment(options.until, zone)
    asked = GuardPeriod(
        0, options.name, start, end, options.factor, options.raised, options.freeze, options.actor
    )
    print(_guard_line(book.start_guard(asked, now), zone))
    return 0


def _guard_line(period: GuardPeriod, zone: ZoneInfo) -> str:
    since, until = (f"{datetime.fromtimestamp(ts, zone):%Y-%m-%d %H:%M}" for ts in (period.start, period.end))
    return text(
        "duty.guard.line",
        id=period.id,
        name=period.name,
        since=since,
        until=until,
        factor=period.factor,
        raised=period.raised,
        freeze=text("duty.guard.frozen" if period.freeze else "duty.guard.open"),
    )


def _stand_in(options: argparse.Namespace, config: Config, book: DutyBook, now: float) -> int:
    zone = ZoneInfo(config.duty.zone)
    start, end = (_moment(written, zone) for written in (options.since, options.until))
    person = Person(options.person, options.phone)
    book.stand_in(StandIn(Role(options.role), options.absent, person, start, end), options.actor, now)
    print(text("duty.stand-in.done", absent=options.absent, person=options.person))
    return 0


def _patrol(options: argparse.Namespace, config: Config, book: DutyBook, now: float) -> int:
    result = PatrolResult(options.result)
    patrol = book.patrol(options.actor, now, options.place, result, options.note)
    print(text("duty.patrol.done", person=patrol.person, place=patrol.place))
    return 0


def _report(options: argparse.Namespace, config: Config, database: Database, now: float) -> int:
    zone = ZoneInfo(config.duty.zone)
    moment = _moment(f"{options.date} 00:00", zone) if options.date else now
    period = Period(options.period)
    start, end = period.span(datetime.fromtimestamp(moment, zone))
    summary = summarise(database, DutyBook(database, logged_in()), start.timestamp(), end.timestamp())
    page = summary_page(summary, config.duty.unit, zone, period)
    try:
        options.out.write_text(page, "utf-8")
    except OSError as error:
        reason = error.strerror or error
        raise DutyError(Message("duty.report.unwritable", path=options.out, reason=reason)) from error
    print(text("duty.report.done", path=options.out, alerts=summary.alert_count))
    return 0


def _moment(written: str, zone: ZoneInfo) -> float:
    moment = read_moment(written, zone)
    if moment is None:
        raise DutyError(Message("duty.bad-moment", got=written))
    return moment


_ACTIONS: dict[str, _Action] = {
    "roster": _roster,
    "now": _now,
    "stand-in": _stand_in,
    "patrol": _patrol,
    "guard": _guard,
}
