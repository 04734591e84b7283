"""The book of hand-overs: offered by who goes, accepted or declined by who comes, each in their own name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sentinel.duty.book import DutyBook
from sentinel.duty.fault import DutyError
from sentinel.duty.handover import Answer, Check, Handover, OpenItem
from sentinel.duty.roster import Role
from sentinel.incident.listing import Filter, count_incidents, list_incidents
from sentinel.text import Message

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["HandoverBook"]

_NEAR: Final = 2 * 3600.0
"""Seconds around a change of shifts in which it is handed over."""
_PATROLLED: Final = 1800.0
"""Seconds before, within which who goes has looked at everything (交班前 30 分钟巡视)."""
_GRAVE: Final = 2
"""No hand-over in the middle of an incident of this level or graver, but with a reason."""
_MOST_ITEMS: Final = 200
_LONGEST: Final = 2000
_COLUMNS: Final = (
    "id, ts, role, giver, taker, patrol_at, abnormal, pending, reason, items, open_count, digest"
)


class HandoverBook:
    """Every method runs inside the caller's transaction, which is committed also after a DutyError."""

    def __init__(self, database: Database, book: DutyBook) -> None:
        self._connection = database.conn
        self._book = book

    def offer(
        self,
        giver: str,
        taker: str,
        now: float,
        *,
        abnormal: Mapping[Check, str],
        pending: str = "",
        reason: str = "",
    ) -> Handover:
        """Sign, as who goes, what is handed to `taker`. Open incidents are taken from the database."""
        if any(len(words) > _LONGEST for words in (pending, reason, *abnormal.values())):
            raise DutyError(Message("duty.handover.too-long", most=_LONGEST))
        role = self._role(giver, taker, now)
        if role is None:
            self._book.audit(now, giver, "duty.handover.refused", taker, {})
            raise DutyError(Message("duty.handover.not-yours", giver=giver, taker=taker))
        patrol_at = self._patrolled(giver, now)
        items, number = self._open_items()
        if not reason.strip():
            if patrol_at is None:
                raise DutyError(Message("duty.handover.no-patrol", minutes=round(_PATROLLED / 60)))
            grave = next((item for item in items if item.level <= _GRAVE), None)
            if grave is not None:
                raise DutyError(Message("duty.handover.grave", number=grave.number))
        columns = {
            "ts": now,
            "role": role.value,
            "giver": giver,
            "taker": taker,
            "patrol_at": patrol_at,
            "abnormal": json.dumps({check.value: words for check, words in abnormal.items()}),
            "pending": pending,
            "reason": reason,
            "items": json.dumps([[i.number, i.title, i.state, i.level, i.assignee] for i in items]),
            "open_count": number,
        }
        digest = _digest(columns)
        names = ", ".join(columns)
        marks = ", ".join("?" * len(columns))
        cursor = self._connection.execute(
            f"INSERT INTO duty_handover ({names}, digest) VALUES ({marks}, ?)", (*columns.values(), digest)
        )
        id = int(cursor.lastrowid or 0)
        detail = {"id": id, "role": role.value, "open": number, "digest": digest, "reason": reason}
        self._book.audit(now, giver, "duty.handover.offer", taker, detail)
        return self.find(id)

    def answer(self, id: int, actor: str, now: float, *, accepted: bool, note: str = "") -> Handover:
        """Sign, as who comes, or decline with a `note` that says why. From acceptance on the duty is theirs."""
        offered = self.find(id)
        if actor != offered.taker:
            self._book.audit(now, actor, "duty.handover.refused", str(id), {"accepted": accepted})
            raise DutyError(Message("duty.handover.not-taker", actor=actor, taker=offered.taker))
        if offered.answer is not None:
            raise DutyError(Message("duty.handover.answered", id=id))
        (latest,) = self._connection.execute(
            "SELECT max(id) FROM duty_handover WHERE role = ?", (offered.role.value,)
        ).fetchone()
        if latest != id or now - offered.ts > _NEAR:
            raise DutyError(Message("duty.handover.stale", id=id))
        if len(note) > _LONGEST:
            raise DutyError(Message("duty.handover.too-long", most=_LONGEST))
        if not accepted and not note.strip():
            raise DutyError(Message("duty.handover.no-note"))
        known = {item.number for item in offered.items}
        later = Filter(open=True, drill=False, since=offered.ts)
        opened = [
            incident.number
            for incident in list_incidents(self._connection, later, _MOST_ITEMS)
            if incident.number not in known
        ]
        self._connection.execute(
            "INSERT INTO duty_handover_answer (id, ts, person, accepted, note, opened) VALUES (?, ?, ?, ?, ?, ?)",
            (id, now, actor, accepted, note, json.dumps(opened)),
        )
        action = "duty.handover.accept" if accepted else "duty.handover.decline"
        detail = {"id": id, "digest": offered.digest, "note": note, "opened": opened}
        self._book.audit(now, actor, action, offered.giver, detail)
        return self.find(id)

    def find(self, id: int) -> Handover:
        """The hand-over `id`. Raises DutyError where there is none, or where it is not what was signed."""
        row = self._connection.execute(f"SELECT {_COLUMNS} FROM duty_handover WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise DutyError(Message("duty.handover.none", id=id))
        columns = dict(zip(_COLUMNS.split(", "), row, strict=True))
        if _digest({name: columns[name] for name in columns if name not in ("id", "digest")}) != row[-1]:
            raise DutyError(Message("duty.handover.altered", id=id))
        answer = self._connection.execute(
            "SELECT ts, person, accepted, note, opened FROM duty_handover_answer WHERE id = ?", (id,)
        ).fetchone()
        return _handover(columns, answer)

    def latest(self, limit: int = 20) -> list[Handover]:
        """The last ones, newest first."""
        ids = self._connection.execute("SELECT id FROM duty_handover ORDER BY id DESC LIMIT ?", (limit,))
        return [self.find(id) for (id,) in ids.fetchall()]

    def _role(self, giver: str, taker: str, now: float) -> Role | None:
        """The role that `giver` had until about now and `taker` has from about now on."""
        if giver == taker:
            return None
        roster = self._book.roster(now - _NEAR, now + _NEAR)
        edges = [edge for shift in roster.shifts for edge in (shift.start, shift.end)]
        edges += [edge for agreed in roster.stand_ins for edge in (agreed.start, agreed.end)]
        times = sorted({now, now - _NEAR, *(edge for edge in edges if abs(edge - now) <= _NEAR)})
        present = [(ts, roster.on_duty(ts)) for ts in times]
        for role in Role:
            gave = [ts for ts, on_duty in present if ts <= now and _has(on_duty, role, giver)]
            takes = [ts for ts, on_duty in present if _has(on_duty, role, taker)]
            if gave and takes and gave[0] < takes[-1]:
                return role
        return None

    def _patrolled(self, person: str, now: float) -> float | None:
        patrols = self._book.patrols(now - _PATROLLED, now + 1)
        return max((patrol.ts for patrol in patrols if patrol.person == person), default=None)

    def _open_items(self) -> tuple[list[OpenItem], int]:
        """Real open incidents, the gravest first, and how many there are."""
        chosen = Filter(open=True, drill=False)
        found = [
            incident
            for level in (1, 2, 3, 4)
            for incident in list_incidents(
                self._connection, Filter(open=True, drill=False, level=level), _MOST_ITEMS
            )
        ]
        items = [
            OpenItem(one.number, one.title, one.state.value, one.level, one.assignee)
            for one in found[:_MOST_ITEMS]
        ]
        return items, count_incidents(self._connection, chosen)


def _has(on_duty: Mapping[Role, Any], role: Role, name: str) -> bool:
    return role in on_duty and on_duty[role].name == name


def _digest(columns: Mapping[str, Any]) -> str:
    line = json.dumps(dict(columns), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(line.encode("utf-8", "backslashreplace")).hexdigest()


def _handover(columns: Mapping[str, Any], answer: tuple[Any, ...] | None) -> Handover:
    signed = None
    if answer is not None:
        ts, person, accepted, note, opened = answer
        signed = Answer(ts, person, bool(accepted), note, tuple(json.loads(opened)))
    return Handover(
        columns["id"],
        columns["ts"],
        Role(columns["role"]),
        columns["giver"],
        columns["taker"],
        columns["patrol_at"],
        {Check(name): words for name, words in json.loads(columns["abnormal"]).items()},
        columns["pending"],
        columns["reason"],
        tuple(OpenItem(*item) for item in json.loads(columns["items"])),
        columns["open_count"],
        columns["digest"],
        signed,
    )
