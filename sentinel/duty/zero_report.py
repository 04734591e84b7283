"""Zero-reports (零报告): what a time came to, submitted by who is on duty, also when it was nothing (form D7)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from sentinel.duty.book import DutyBook
from sentinel.duty.fault import DutyError
from sentinel.duty.plan import moments
from sentinel.incident.listing import Filter, count_incidents
from sentinel.text import Message

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["ZeroReport", "ZeroReportBook", "due_times"]

_DAY: Final = 86400.0
_LONGEST_GAP: Final = 2 * _DAY
"""Seconds since the last report up to which the next one goes on where it ended."""
_LONG_PAST: Final = _DAY / 2
_MOST_NUMBERS: Final = 200
_LONGEST: Final = 2000
_COLUMNS: Final = (
    "id, ts, person, role, start, end, due, found, open, alerts, numbers, note, receiver, receipt"
)


@dataclass(frozen=True, slots=True)
class ZeroReport:
    """One report. Its numbers are counted from the database when it is submitted; drills are in none of them."""

    id: int
    ts: float
    """When it was submitted; seconds since 1970 UTC."""
    person: str
    role: str
    start: float
    end: float
    due: float
    """When it was due."""
    found: int
    """Incidents entered from `start` up to but without `end`, whenever they were discovered: each is in one report."""
    open: int
    """Incidents not ended when it was submitted."""
    alerts: Mapping[str, int]
    """By level."""
    numbers: Sequence[str]
    """Of the incidents found, the latest first, 200 at most."""
    note: str
    receiver: str
    receipt: str

    @property
    def late(self) -> bool:
        """Submitted after it was due."""
        return self.ts > self.due


def due_times(at: str, now: float, zone: ZoneInfo) -> tuple[float, float]:
    """The last time that a report was due up to `now`, and the next one after it."""
    around = list(moments((at,), now - 2 * _DAY, now + 2 * _DAY, zone))
    return max(moment for moment in around if moment <= now), min(moment for moment in around if moment > now)


class ZeroReportBook:
    """Every method runs inside the caller's transaction, which is committed also after a DutyError."""

    def __init__(self, database: Database, book: DutyBook, at: str, zone: ZoneInfo) -> None:
        self._connection = database.conn
        self._book = book
        self._at = at
        self._zone = zone

    def submit(
        self, actor: str, now: float, *, note: str = "", receiver: str = "", receipt: str = ""
    ) -> ZeroReport:
        """Submit, as who is on duty, what the time since the last report came to."""
        if any(len(words) > _LONGEST for words in (note, receiver, receipt)):
            raise DutyError(Message("duty.zero.too-long", most=_LONGEST))
        present = self._book.roster(now, now).on_duty(now)
        role = next((role for role, person in present.items() if person.name == actor), None)
        if role is None:
            self._book.audit(now, actor, "duty.zero-report.refused", self._at, {})
            raise DutyError(Message("duty.zero.not-on-duty", actor=actor))
        former = self.latest(1)
        start = former[0].end if former and now - former[0].end <= _LONGEST_GAP else now - _DAY
        numbers = self._entered(start, now)
        columns = {
            "ts": now,
            "person": actor,
            "role": role.value,
            "start": start,
            "end": now,
            "due": self._due(now),
            "found": len(numbers),
            "open": count_incidents(self._connection, Filter(open=True, drill=False)),
            "alerts": json.dumps(self._alerts(start, now)),
            "numbers": json.dumps(numbers[:_MOST_NUMBERS]),
            "note": note,
            "receiver": receiver,
            "receipt": receipt,
        }
        marks = ", ".join("?" * len(columns))
        cursor = self._connection.execute(
            f"INSERT INTO duty_zero_report ({', '.join(columns)}) VALUES ({marks})", tuple(columns.values())
        )
        detail = {name: columns[name] for name in ("start", "end", "due", "found", "open", "alerts")}
        self._book.audit(now, actor, "duty.zero-report", str(cursor.lastrowid), detail)
        return self.find(int(cursor.lastrowid or 0))

    def find(self, id: int) -> ZeroReport:
        """The report `id`. Raises DutyError where there is none."""
        found = self._rows("WHERE id = ?", (id,))
        if not found:
            raise DutyError(Message("duty.zero.none", id=id))
        return found[0]

    def latest(self, limit: int) -> list[ZeroReport]:
        """The last ones, newest first."""
        return self._rows("ORDER BY id DESC LIMIT ?", (limit,))

    def due_within(self, start: float, end: float) -> list[ZeroReport]:
        """Those that were due from `start` up to but without `end`, by when they were submitted."""
        return self._rows("WHERE due >= ? AND due < ? ORDER BY id LIMIT 1000", (start, end))

    def submitted_for(self, due: float) -> bool:
        """Whether there is one for the time `due`."""
        return bool(self._rows("WHERE due = ? LIMIT 1", (due,)))

    def _due(self, now: float) -> float:
        """The time it is for: the last one while it is missing and not long past, else the next one."""
        last, following = due_times(self._at, now, self._zone)
        return following if now - last > _LONG_PAST or self.submitted_for(last) else last

    def _entered(self, start: float, end: float) -> list[str]:
        """Numbers of the real incidents that were entered then, the latest first."""
        rows = self._connection.execute(
            "SELECT number FROM incident_timeline t JOIN incident i ON i.id = t.incident"
            " WHERE t.action = 'created' AND t.at >= ? AND t.at < ? AND +i.drill = 0 ORDER BY t.at DESC, t.id DESC",
            (start, end),
        )
        return [number for (number,) in rows]

    def _alerts(self, start: float, end: float) -> dict[str, int]:
        rows = self._connection.execute(
            "SELECT level, count(*) FROM alert WHERE ts >= ? AND ts < ? AND drill = 0 GROUP BY level",
            (start, end),
        )
        return dict(rows.fetchall())

    def _rows(self, which: str, values: tuple[Any, ...]) -> list[ZeroReport]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM duty_zero_report {which}", values)
        return [_report(dict(zip(_COLUMNS.split(", "), row, strict=True))) for row in rows.fetchall()]


def _report(columns: dict[str, Any]) -> ZeroReport:
    for name in ("alerts", "numbers"):
        columns[name] = json.loads(columns[name])
    return ZeroReport(**columns)
