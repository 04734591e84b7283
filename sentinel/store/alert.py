"""Alerts in the database: committed before they are announced, each id once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from sentinel.event import Alert
from sentinel.store.fault import StoreUnavailable
from sentinel.store.writer import StoreWriter

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["AlertStore", "alerts_after", "last_alert"]

_COLUMNS = tuple(Alert.__struct_fields__)
_INSERT = (
    f"INSERT OR IGNORE INTO alert ({', '.join(_COLUMNS)}, stored_at) "
    f"VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"
)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM alert"
_OF_RULE = f"{_SELECT} WHERE rule_id = ? AND ts >= ? ORDER BY ts DESC LIMIT ?"
_LOOKED_THROUGH = 10_000
"""Alerts of one rule looked through."""
_RETRY_FIRST, _RETRY_LAST = 1.0, 30.0


class AlertStore:
    """The alerts of a `StoreWriter`'s database.

    When the database cannot be written, alerts wait in memory (at most `waiting`) and `keep_trying`, a task
    of the owner's, brings them in later. Past that limit they are counted in `lost`.
    """

    def __init__(
        self, writer: StoreWriter, waiting: int = 10_000, clock: Callable[[], float] = time.time
    ) -> None:
        self._writer = writer
        self._limit = waiting
        self._clock = clock
        self._backlog: dict[str, Alert] = {}
        self._behind = asyncio.Event()
        self.failures = 0
        """Commits that did not succeed."""
        self.lost = 0
        """Alerts that never came into the database, since it stayed unwritable for too long."""

    @property
    def backlog(self) -> int:
        """Alerts that wait in memory for the database."""
        return len(self._backlog)

    async def add(self, alerts: Sequence[Alert]) -> list[Alert]:
        """Commit `alerts`; returns those not seen before, once they are safe.

        Raises StoreUnavailable where they could not be committed now. They are kept and tried again: whoever
        announces them nevertheless knows that the database does not have them yet.
        """
        if not alerts:
            return []
        now = self._clock()
        rows = [_row(alert, now) for alert in alerts]
        try:
            new = await self._writer.run(lambda database: _insert(database, rows))
        except StoreUnavailable:
            self.failures += 1
            self._keep(alerts)
            raise
        return [alert for alert, is_new in zip(alerts, new, strict=True) if is_new]

    async def recent(self, limit: int = 100) -> list[Alert]:
        """The latest alerts by event time, newest first."""
        query = f"{_SELECT} ORDER BY ts DESC, rowid DESC LIMIT ?"
        rows = await self._writer.run(lambda database: database.conn.execute(query, (limit,)).fetchall())
        return [_alert(row) for row in rows]

    async def since(self, times: Mapping[str, float]) -> list[Alert]:
        """Alerts of rules, by rule from a time (of events, in seconds) on that is its own; oldest first."""

        def read(database: Database) -> list[tuple[Any, ...]]:
            return [
                row
                for rule, ts in times.items()
                for row in reversed(database.conn.execute(_OF_RULE, (rule, ts, _LOOKED_THROUGH)).fetchall())
            ]

        return [_alert(row) for row in await self._writer.run(read)]

    async def count(self) -> int:
        """How many alerts the database holds."""
        return await self._writer.run(lambda database: int(database.table("alert").count))

    async def keep_trying(self, wait: Callable[[float], Any] = asyncio.sleep) -> None:
        """Bring in what waits in memory, for ever; run it as a task. Pauses double from 1 s up to 30 s."""
        pause = _RETRY_FIRST
        while True:
            await self._behind.wait()
            await wait(pause)
            pause = _RETRY_FIRST if await self.catch_up() else min(2 * pause, _RETRY_LAST)

    async def catch_up(self) -> bool:
        """Try once to bring in what waits; whether nothing waits any more."""
        now = self._clock()
        taken = list(self._backlog.values())
        rows = [_row(alert, now) for alert in taken]
        try:
            await self._writer.run(lambda database: _insert(database, rows))
        except StoreUnavailable:
            self.failures += 1
            return False
        for alert in taken:
            self._backlog.pop(alert.id, None)
        if not self._backlog:
            self._behind.clear()
        return not self._backlog

    def _keep(self, alerts: Sequence[Alert]) -> None:
        for alert in alerts:
            if alert.id in self._backlog:
                continue
            if len(self._backlog) < self._limit:
                self._backlog[alert.id] = alert
            else:
                self.lost += 1
        if self._backlog:
            self._behind.set()


def alerts_after(database: Database, number: int, limit: int) -> list[tuple[int, Alert]]:
    """What was stored after alert `number`, in the order in which it was, each with its own number."""
    query = f"SELECT rowid, {', '.join(_COLUMNS)} FROM alert WHERE rowid > ? ORDER BY rowid LIMIT ?"
    return [(row[0], _alert(row[1:])) for row in database.conn.execute(query, (number, limit))]


def last_alert(database: Database) -> int:
    """Number of the alert stored last; 0 where there is none."""
    return int(database.conn.execute("SELECT coalesce(max(rowid), 0) FROM alert").fetchone()[0])


def _insert(database: Database, rows: list[tuple[Any, ...]]) -> list[bool]:
    execute = database.conn.execute
    return [execute(_INSERT, row).rowcount == 1 for row in rows]


def _row(alert: Alert, now: float) -> tuple[Any, ...]:
    values = [getattr(alert, column) for column in _COLUMNS]
    for number, column in enumerate(_COLUMNS):
        if column in ("tags", "fields"):
            values[number] = _json(values[number])
        elif column == "level":
            values[number] = str(values[number])
    return (*(_clean(value) for value in values), now)


def _json(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except (UnicodeEncodeError, TypeError, ValueError):
        return msgspec.json.encode({"unencodable": _clean(repr(value))[:4096]}).decode()


def _clean(value: Any) -> Any:
    """Text without lone surrogates, which SQLite refuses; integers that do not fit as text."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return str(value)
    return value


def _alert(row: tuple[Any, ...]) -> Alert:
    values = dict(zip(_COLUMNS, row, strict=True))
    values["tags"] = msgspec.json.decode(values["tags"])
    values["fields"] = msgspec.json.decode(values["fields"])
    return msgspec.convert(values, Alert, strict=False)
