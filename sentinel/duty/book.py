"""The duty book: roster, stand-ins and patrols in the database, each entry on the audit trail with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sentinel.duty.fault import DutyError
from sentinel.duty.guard import GuardPeriod, GuardPeriods
from sentinel.duty.patrol import Patrol, PatrolResult
from sentinel.duty.roster import Person, Role, Roster, Shift, StandIn
from sentinel.store.audit import append
from sentinel.text import Message

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["DutyBook"]

_MOST_SHIFTS = 200_000
_MOST_PATROLS = 10_000
"""Patrols that a reader is given at once."""
_MOST_PERIODS = 100
"""Guard periods that hold or are to come."""
_LONGEST_PERIOD = 92 * 86400.0
_LONGEST_NAME = 100
_LEAST_FACTOR = 0.1
_MOST_RAISED = 2
_LONGEST_PLACE = 200
_LONGEST_NOTE = 2000


class DutyBook:
    """What the duty desk keeps. Every method runs inside the caller's transaction.

    `actor` is the person who acts, by name; `user` the account of the system that typed it. A DutyError leaves
    the book as it was; where someone tried what only the one on duty may do, the trail keeps the attempt, so the
    caller commits even then.
    """

    def __init__(self, database: Database, user: str) -> None:
        self._database = database
        self._user = user

    def add_shifts(self, shifts: Sequence[Shift], actor: str, now: float) -> int:
        """Add the shifts that the book does not have yet; how many those are.

        Once the roster names someone who decides, only they may: a roster that anyone extends would let anyone
        put themselves on duty.
        """
        execute = self._database.conn.execute
        deciders = self._deciders()
        if deciders and actor not in deciders:
            self.audit(now, actor, "duty.roster.refused", "roster", {"given": len(shifts)})
            raise DutyError(Message("duty.roster.not-yours", actor=actor))
        held = execute("SELECT count(*) FROM duty_shift").fetchone()[0]
        if held + len(shifts) > _MOST_SHIFTS:
            raise DutyError(Message("duty.roster.full", most=_MOST_SHIFTS))
        added = 0
        for shift in shifts:
            row = (shift.role.value, shift.person.name, shift.person.phone, shift.start, shift.end)
            added += execute(
                "INSERT OR IGNORE INTO duty_shift (role, person, phone, start, end) VALUES (?, ?, ?, ?, ?)",
                row,
            ).rowcount
        self.audit(now, actor, "duty.roster", "roster", {"added": added, "given": len(shifts)})
        return added

    def roster(self, start: float, end: float) -> Roster:
        """Shifts and stand-ins that touch the time from `start` to `end`."""
        execute = self._database.conn.execute
        columns = "role, person, phone, start, end"
        where = "WHERE end > ? AND start <= ? ORDER BY"
        shifts = execute(f"SELECT {columns} FROM duty_shift {where} start, id", (start, end)).fetchall()
        stand_ins = execute(
            f"SELECT absent, {columns} FROM duty_stand_in {where} id", (start, end)
        ).fetchall()
        return Roster(
            tuple(Shift(Role(role), Person(name, phone), *span) for role, name, phone, *span in shifts),
            tuple(
                StandIn(Role(role), absent, Person(name, phone), *span)
                for absent, role, name, phone, *span in stand_ins
            ),
        )

    def stand_in(self, stand_in: StandIn, actor: str, now: float) -> None:
        """Agree who takes another's place. Only a leader or person in charge of the roster may."""
        if actor not in self._deciders():
            self.audit(now, actor, "duty.stand-in.refused", stand_in.absent, {"for": stand_in.person.name})
            raise DutyError(Message("duty.stand-in.not-yours", actor=actor))
        covered = self._database.conn.execute(
            "SELECT 1 FROM duty_shift WHERE role = ? AND person = ? AND end > ? AND start < ?",
            (stand_in.role.value, stand_in.absent, stand_in.start, stand_in.end),
        ).fetchone()
        if covered is None or stand_in.start >= stand_in.end:
            raise DutyError(Message("duty.stand-in.no-shift", person=stand_in.absent))
        self._database.conn.execute(
            "INSERT INTO duty_stand_in (role, absent, person, phone, start, end) VALUES (?, ?, ?, ?, ?, ?)",
            (
                stand_in.role.value,
                stand_in.absent,
                stand_in.person.name,
                stand_in.person.phone,
                stand_in.start,
                stand_in.end,
            ),
        )
        detail = {
            "role": stand_in.role.value,
            "person": stand_in.person.name,
            "start": stand_in.start,
            "end": stand_in.end,
        }
        self.audit(now, actor, "duty.stand-in", stand_in.absent, detail)

    def patrol(self, actor: str, now: float, place: str, result: PatrolResult, note: str) -> Patrol:
        """Record what `actor` saw just now. Only who is on duty at `now` may: nobody fills in for another."""
        if not 0 < len(place) <= _LONGEST_PLACE or len(note) > _LONGEST_NOTE:
            raise DutyError(Message("duty.patrol.too-long", place=_LONGEST_PLACE, note=_LONGEST_NOTE))
        if result is not PatrolResult.NORMAL and not note.strip():
            raise DutyError(Message("duty.patrol.no-note"))
        present = self.roster(now, now).on_duty(now)
        role = next((role for role, person in present.items() if person.name == actor), None)
        if role is None:
            self.audit(now, actor, "duty.patrol.refused", place, {"result": result.value, "note": note})
            raise DutyError(Message("duty.patrol.not-on-duty", actor=actor))
        self._database.conn.execute(
            "INSERT INTO duty_patrol (ts, person, role, place, result, note) VALUES (?, ?, ?, ?, ?, ?)",
            (now, actor, role.value, place, result.value, note),
        )
        self.audit(now, actor, "duty.patrol", place, {"result": result.value, "note": note})
        return Patrol(now, actor, role, place, result, note)

    def patrols(self, start: float, end: float) -> list[Patrol]:
        """Patrols from `start` up to but without `end`, oldest first."""
        rows = self._database.conn.execute(
            "SELECT ts, person, role, place, result, note FROM duty_patrol WHERE ts >= ? AND ts < ? "
            "ORDER BY ts, id LIMIT ?",
            (start, end, _MOST_PATROLS),
        ).fetchall()
        return [
            Patrol(ts, person, Role(role), place, PatrolResult(result), note)
            for ts, person, role, place, result, note in rows
        ]

    def count_patrols(self, start: float, end: float) -> int:
        """All patrols from `start` up to but without `end`, also those that a list has no room for."""
        row = self._database.conn.execute(
            "SELECT count(*) FROM duty_patrol WHERE ts >= ? AND ts < ?", (start, end)
        ).fetchone()
        return int(row[0])

    def patrolled(self, place: str, since: float, until: float) -> bool:
        """Whether someone looked at `place` from `since` up to and with `until`."""
        row = self._database.conn.execute(
            "SELECT 1 FROM duty_patrol WHERE ts >= ? AND ts <= ? AND place = ? LIMIT 1", (since, until, place)
        ).fetchone()
        return row is not None

    def has_roster(self) -> bool:
        """Whether there was ever a shift."""
        return self._database.conn.execute("SELECT 1 FROM duty_shift LIMIT 1").fetchone() is not None

    def start_guard(self, period: GuardPeriod, now: float) -> GuardPeriod:
        """Order a guard period (its id is given here). Only a leader or person in charge of the roster may."""
        self._only_deciders(period.actor, now, period.name)
        if not 0 < len(period.name.strip()) <= _LONGEST_NAME:
            raise DutyError(Message("duty.guard.bad-name", most=_LONGEST_NAME))
        if not (now < period.end and 0 < period.end - period.start <= _LONGEST_PERIOD):
            raise DutyError(Message("duty.guard.bad-span", days=round(_LONGEST_PERIOD / 86400)))
        if not (_LEAST_FACTOR <= period.factor <= 1 and 0 <= period.raised <= _MOST_RAISED):
            raise DutyError(Message("duty.guard.bad-measure", least=_LEAST_FACTOR, most=_MOST_RAISED))
        if len(self.guard_periods(now).periods) >= _MOST_PERIODS:
            raise DutyError(Message("duty.guard.full", most=_MOST_PERIODS))
        cursor = self._database.conn.execute(
            "INSERT INTO duty_guard (name, start, end, factor, raised, freeze, actor) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                period.name,
                period.start,
                period.end,
                period.factor,
                period.raised,
                period.freeze,
                period.actor,
            ),
        )
        detail = {
            "start": period.start,
            "end": period.end,
            "factor": period.factor,
            "raised": period.raised,
            "freeze": period.freeze,
        }
        self.audit(now, period.actor, "duty.guard.start", period.name, detail)
        return replace(period, id=int(cursor.lastrowid or 0))

    def end_guard(self, id: int, actor: str, now: float) -> GuardPeriod:
        """End a period before its time, or call off one that has not begun."""
        self._only_deciders(actor, now, str(id))
        period = next((one for one in self.guard_periods(now).periods if one.id == id), None)
        if period is None:
            raise DutyError(Message("duty.guard.none", id=id))
        ended = replace(period, end=max(now, period.start))
        self._database.conn.execute("UPDATE duty_guard SET end = ? WHERE id = ?", (ended.end, id))
        self.audit(now, actor, "duty.guard.end", period.name, {"id": id, "planned": period.end})
        return ended

    def guard_periods(self, now: float) -> GuardPeriods:
        """Those that hold at `now` or are to come, by their beginning."""
        rows = self._database.conn.execute(
            "SELECT id, name, start, end, factor, raised, freeze, actor FROM duty_guard "
            "WHERE end > ? ORDER BY start, id",
            (now,),
        ).fetchall()
        return GuardPeriods(
            tuple(
                GuardPeriod(id, name, start, end, factor, raised, bool(freeze), actor)
                for id, name, start, end, factor, raised, freeze, actor in rows
            )
        )

    def _only_deciders(self, actor: str, now: float, subject: str) -> None:
        if actor not in self._deciders():
            self.audit(now, actor, "duty.guard.refused", subject, {})
            raise DutyError(Message("duty.guard.not-yours", actor=actor))

    def _deciders(self) -> set[str]:
        """Leaders and persons in charge, of whichever shift."""
        rows = self._database.conn.execute(
            "SELECT DISTINCT person FROM duty_shift WHERE role IN (?, ?)",
            (Role.LEADER.value, Role.IN_CHARGE.value),
        )
        return {person for (person,) in rows}

    def audit(self, now: float, actor: str, action: str, subject: str, detail: Mapping[str, Any]) -> None:
        """Add to the audit trail, with the account of the system."""
        with_user = {**detail, "user": self._user}
        append(self._database, ts=now, actor=actor, action=action, subject=subject, detail=with_user)
