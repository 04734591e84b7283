"""`sentinel duty`: the roster, who is on duty now, patrol records, zero-reports, reports of days to years."""

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
    ZeroReport,
    ZeroReportBook,
    summarise,
)
from sentinel.duty.page import report_page
from sentinel.duty.report import report_of
from sentinel.duty.roster_file import read_moment, read_roster
from sentinel.duty.word import report_document
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
    return options.action in ("now", "plan", "report") or getattr(options, "verb", None) in ("list", "show")


def _act(options: argparse.Namespace, config: Config, database: Database, now: float) -> int:
    book = DutyBook(database, logged_in())
    try:
        if options.action == "report":
            return _report(options, config, database, now)
        if options.action == "zero":
            return _zero(options, config, database, book, now)
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
    moment = datetime.fromtimestamp(_moment(f"{options.date} 00:00", zone) if options.date else now, zone)
    period = Period(options.period)
    start, end = period.span(moment)
    parts = [part.timestamp() for part in period.parts(moment)]
    book = DutyBook(database, logged_in())
    summary = summarise(database, book, start.timestamp(), end.timestamp(), config.duty, now=now, parts=parts)
    report = report_of(summary, config.duty.unit, zone, now, period)
    word = options.out.suffix.lower() == ".docx"
    try:
        options.out.write_bytes(report_document(report) if word else report_page(report).encode())
    except OSError as error:
        reason = error.strerror or error
        raise DutyError(Message("duty.report.unwritable", path=options.out, reason=reason)) from error
    print(text("duty.report.done", path=options.out, alerts=summary.alert_count))
    return 0


def _zero(options: argparse.Namespace, config: Config, database: Database, book: DutyBook, now: float) -> int:
    zone = ZoneInfo(config.duty.zone)
    reports = ZeroReportBook(database, book, config.duty.zero_report.at, zone)
    if options.verb == "list":
        for report in reports.latest(max(1, options.limit)):
            print(_zero_line(report, zone))
        return 0
    if options.verb == "show":
        report = reports.find(options.id)
    else:
        report = reports.submit(
            options.actor, now, note=options.note, receiver=options.receiver, receipt=options.receipt
        )
    print(_zero_line(report, zone))
    said = "duty.zero.something" if report.found else "duty.zero.nothing"
    since, until = (f"{datetime.fromtimestamp(ts, zone):%m-%d %H:%M}" for ts in (report.start, report.end))
    numbers = ", ".join(report.numbers)
    print(text(said, since=since, until=until, found=report.found, open=report.open, numbers=numbers))
    levels = [f"{text(f'alert.level.{level}')} {number}" for level, number in report.alerts.items()]
    print(text("duty.zero.alerts", levels=text("duty.report.comma").join(levels) or "0"))
    for name in ("receiver", "receipt", "note"):
        if words := getattr(report, name):
            print(text(f"duty.zero.{name}", words=words))
    return 0


def _zero_line(report: ZeroReport, zone: ZoneInfo) -> str:
    time, due = (f"{datetime.fromtimestamp(ts, zone):%Y-%m-%d %H:%M}" for ts in (report.ts, report.due))
    return text(
        "duty.zero.line",
        id=report.id,
        time=time,
        person=report.person,
        due=due,
        state=text("duty.zero.late" if report.late else "duty.zero.in-time"),
        found=report.found,
    )


def _plan(options: argparse.Namespace, config: Config, book: DutyBook, now: float) -> int:
    """What is to be looked at today, and what was."""
    zone = ZoneInfo(config.duty.zone)
    start, end = (moment.timestamp() for moment in Period.DAY.span(datetime.fromtimestamp(now, zone)))
    rounds = [round for plan in config.duty.patrols for round in plan.rounds(start, end, zone)]
    missed = 0
    for round in sorted(rounds, key=lambda round: round.at):
        done = book.patrolled(round.place, round.since, round.until)
        state = "done" if done else "missed" if round.until < now else "due"
        missed += state == "missed"
        time = f"{datetime.fromtimestamp(round.at, zone):%H:%M}"
        print(text("duty.plan.line", time=time, place=round.place, state=text(f"duty.plan.{state}")))
    if not rounds:
        print(text("duty.plan.nothing"))
    return 1 if missed else 0


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
    "plan": _plan,
}
