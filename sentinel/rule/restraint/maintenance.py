"""Maintenance: for a planned time, alerts about some machines or rules are written down and nobody is told."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from sentinel.event import Alert
from sentinel.hours import Hours
from sentinel.network import Networks
from sentinel.rule.settings import MaintenanceSettings

__all__ = ["Maintenance", "read_moment"]


class Maintenance:
    """One window, as the configuration has it. Stamps and hours without a zone are in `zone`."""

    def __init__(self, settings: MaintenanceSettings, zone: ZoneInfo) -> None:
        self.settings = settings
        self._since = read_moment(settings.since, zone) if settings.since else None
        self._until = read_moment(settings.until, zone)
        self._hours = Hours.read(settings.hours)
        self._zone = zone
        self._rules = frozenset(settings.rules)
        self._networks = Networks.plain(settings.addresses)

    def covers(self, alert: Alert) -> bool:
        """Is this alert one that was to be expected?"""
        if self._rules and alert.rule_id not in self._rules:
            return False
        if self._networks and not any(map(self._networks.hold, filter(None, (alert.src, alert.dst)))):
            return False
        return self._at(alert.ts)

    def _at(self, ts: float) -> bool:
        if self._until is None or ts >= self._until or (self._since is not None and ts < self._since):
            return False
        return self._hours is None or self._hours.hold(datetime.datetime.fromtimestamp(ts, self._zone))


def covering(windows: Sequence[Maintenance], alert: Alert) -> MaintenanceSettings | None:
    """The first window that covers an alert."""
    found: Iterable[Maintenance] = (window for window in windows if window.covers(alert))
    first = next(iter(found), None)
    return None if first is None else first.settings


def read_moment(written: str, zone: ZoneInfo) -> float | None:
    """Seconds since 1970 UTC of `2026-11-25 22:00`; None where that is no moment."""
    try:
        moment = datetime.datetime.fromisoformat(written.strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).timestamp()
