"""When a schedule is due: by the site's clock, over changes of the clock and over times without a daemon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sentinel.playbook.document import Schedule

__all__ = ["Due", "due_between", "latest_due"]


@dataclass(frozen=True, slots=True)
class Due:
    """The latest of the times that passed."""

    ts: float
    passed_over: int
    """Earlier ones that passed with it, and are not made up for."""


def latest_due(schedule: Schedule, now: float, zone: ZoneInfo) -> float:
    """The last time at or before `now` at which the schedule says to start; seconds since 1970 UTC.

    Daily times are once a day whatever the clock does: one that it leaps over counts as so much later, one that comes
    twice counts the first time (PEP 495, fold 0).
    """
    if schedule.every:
        return now // schedule.every * schedule.every
    today = datetime.fromtimestamp(now, zone).date()
    at = time.fromisoformat(schedule.at)
    due = _moment(today, at, zone)
    return due if due <= now else _moment(today - timedelta(days=1), at, zone)


def due_between(schedule: Schedule, looked: float, now: float, zone: ZoneInfo) -> Due | None:
    """What became due after `looked`, up to `now`."""
    due = latest_due(schedule, now, zone)
    if due <= looked:
        return None
    if schedule.every:
        return Due(due, round(due / schedule.every) - int(looked // schedule.every) - 1)
    passed_over, earlier = 0, latest_due(schedule, due - 1, zone)
    while earlier > looked and passed_over < 1000:
        passed_over, earlier = passed_over + 1, latest_due(schedule, earlier - 1, zone)
    return Due(due, passed_over)


def _moment(day: date, at: time, zone: ZoneInfo) -> float:
    return datetime.combine(day, at, zone).timestamp()
