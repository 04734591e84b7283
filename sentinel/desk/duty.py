"""The desk of duty: guard periods for who starts clocks, who is on duty for who tells people, and reminders.

What it holds of the database it reads again every second: people work on the same tables while it runs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sentinel.duty import DutyBook, DutySettings, GuardPeriods, Reminder, Role
from sentinel.duty.reminder import new_reminders
from sentinel.log import Log
from sentinel.store import StoreError, StoreWriter
from sentinel.text import text

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["DutyDesk", "Put", "reach"]

Put = Callable[["Database", Reminder, float], None]
"""Given the database, a reminder and the time, inside their transaction: brings it to people."""

_EVERY: Final = 1.0
"""Seconds between looks at the guard periods: so long one may hold before clocks know it."""

_SETTINGS: Final = DutySettings()
_REMIND: Final = 10.0
"""Seconds between looks for what is to be reminded of."""

_log = Log("duty")


def nowhere(database: Database, reminder: Reminder, now: float) -> None:
    """A `Put` for who has no channels: the log says it all the same."""


class DutyDesk:
    """`run` is a task of the owner's; `refresh` once before it, that the first clocks are already right."""

    def __init__(
        self,
        writer: StoreWriter,
        settings: DutySettings = _SETTINGS,
        *,
        put: Put = nowhere,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._writer = writer
        self._settings = settings
        self._put = put
        self._clock = clock
        self._periods = GuardPeriods()
        self._active: frozenset[int] = frozenset()
        self._outage = _log.outage("duty.behind")

    def tighten(self, now: float) -> float:
        """What clocks that start at `now` are multiplied by."""
        return self._periods.factor(now)

    def raised(self, now: float) -> int:
        """Steps by which severities rise at `now`."""
        return self._periods.raised(now)

    def frozen(self) -> bool:
        """Whether systems are not to be changed now."""
        return self._periods.frozen(self._clock())

    async def refresh(self) -> None:
        """Read the guard periods; tell of one that begins or is over. A database that cannot be used is told once."""
        now = self._clock()
        try:
            self._periods = await self._writer.run(lambda database: _periods(database, now))
        except StoreError as error:
            self._outage.failed(error)
            return
        self._outage.over()
        active = {period.id: period for period in self._periods.active(now)}
        for id in sorted(active.keys() - self._active):
            _log.warning("duty.guard.begun", name=active[id].name, factor=active[id].factor)
        for _ in self._active - active.keys():
            _log.warning("duty.guard.over")
        self._active = frozenset(active)

    async def remind(self) -> list[Reminder]:
        """Say what is to be said now. A database that cannot be used is told once; what it holds is said later."""

        def work(database: Database) -> list[Reminder]:
            now = self._clock()
            found = new_reminders(database, self._settings, now)
            for reminder in found:
                self._put(database, reminder, now)
            return found

        try:
            reminders = await self._writer.run(work)
        except StoreError as error:
            self._outage.failed(error)
            return []
        for reminder in reminders:
            _log.warning("duty.reminder", message=reminder.message)
        return reminders

    async def run(self) -> None:
        """Follow the guard periods, and remind, until cancelled."""
        reminded = float("-inf")
        while True:
            await self.refresh()
            if time.monotonic() - reminded >= _REMIND:
                reminded = time.monotonic()
                await self.remind()
            await asyncio.sleep(_EVERY)


def reach(database: Database, role: Role, now: float) -> tuple[str, str]:
    """Who to tell what is meant for `role`, and their phone.

    Nobody in that role: the next one above, or else below. Nobody at all: that is said. No roster: both empty.
    """
    book = DutyBook(database, "sentinel")
    found = book.roster(now, now).reach(role, now)
    if found is not None:
        present, person = found
        return f"{text(f'duty.role.{present}')} {person.name}", person.phone
    return (text("duty.reach.nobody") if book.has_roster() else ""), ""


def _periods(database: Database, now: float) -> GuardPeriods:
    return DutyBook(database, "sentinel").guard_periods(now)
