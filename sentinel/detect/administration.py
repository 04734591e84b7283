"""Log-ins to what machines are administered by: outside office hours, and from where nobody administers."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar

import msgspec

from sentinel.detect.detector import Detector, Scene
from sentinel.detect.login import LOGINS, Login
from sentinel.detect.memory import Memory
from sentinel.event import Notice
from sentinel.hours import Hours
from sentinel.network import NetworkSet
from sentinel.text import text

__all__ = ["Administration"]

_DAY = 86_400.0
_WAYS = 64
"""Sources and services of one host of which nights are remembered; one with more has no habits."""
_KINDS = ("auth", "ssh", "rfb")
"""Kinds of events that tell of log-ins to administer a machine, and of how they ended."""


class _Host:
    """When log-ins to one host came at night: by source and service, since when."""

    __slots__ = ("nights", "quiet_until", "since")

    def __init__(self) -> None:
        self.since = float("inf")
        self.nights: dict[str, float] = {}
        self.quiet_until: dict[str, float] = {}

    @property
    def weight(self) -> int:
        return 1 + len(self.nights)


class _SavedHost(msgspec.Struct, array_like=True):
    since: float
    nights: dict[str, float]
    quiet_until: dict[str, float]


def _saved(host: _Host) -> _SavedHost:
    return _SavedHost(host.since, host.nights, host.quiet_until)


def _restored(saved: _SavedHost) -> _Host:
    host = _Host()
    host.since, host.nights, host.quiet_until = saved.since, saved.nights, saved.quiet_until
    return host


class Administration(Detector):
    """`Admin::Off_Hours`: someone logged in outside office hours who never did so before, once `learn` is over for
    the host. `Admin::Unusual_Origin`: from an address outside `origins`, where these are configured.
    `Admin::From_Outside`: from an address that is not ours, where they are not. Only log-ins that worked count.
    """

    name: ClassVar[str] = "administration"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        settings = self.settings.administration
        self._hours = Hours.read(settings.office_hours)
        self._days = frozenset(settings.office_days)
        self._services = frozenset(service.upper() for service in settings.services)
        self._origins = NetworkSet(settings.origins)
        self._hosts = self.table(_Host)
        self.memories = {"hosts": Memory(self._hosts, _SavedHost, _saved, _restored)}
        self.reads = {kind: partial(self._see, LOGINS[kind]) for kind in _KINDS}

    def _see(self, login_of: Callable[[Any], Login | None], events: Sequence[Any]) -> Iterator[Notice]:
        for event in events:
            login = login_of(event)
            if login is None or not login.success or login.service not in self._services:
                continue
            host = self._hosts.at((event.zone, login.dst))
            host.since = min(host.since, event.ts)
            note = self._origin(login)
            if note is not None:
                yield from self._told(event, login, host, note)
            elif self._at_night(event.ts):
                yield from self._night(event, login, host)

    def _origin(self, login: Login) -> str | None:
        """What is odd about where a log-in comes from."""
        if not self._origins.empty:
            return None if login.src in self._origins else "Unusual_Origin"
        local = self.scene.local
        ours = login.dst in local or not _is_address(login.dst)
        return "From_Outside" if ours and _is_address(login.src) and login.src not in local else None

    def _at_night(self, ts: float) -> bool:
        if self._hours is None:
            return False
        moment = datetime.datetime.fromtimestamp(ts, self.scene.zone)
        return moment.isoweekday() not in self._days or not self._hours.hold(moment)

    def _night(self, event: Any, login: Login, host: _Host) -> Iterator[Notice]:
        way = f"{login.service} {login.src}"
        known = way in host.nights or len(host.nights) >= _WAYS
        if way in host.nights or not known:
            host.nights[way] = max(host.nights.get(way, event.ts), event.ts)
        if not known and event.ts - host.since >= self.settings.administration.learn:
            yield from self._told(event, login, host, "Off_Hours")

    def _told(self, event: Any, login: Login, host: _Host, what: str) -> Iterator[Notice]:
        matter = f"{what} {login.service} {login.src}"
        if event.ts < host.quiet_until.get(matter, float("-inf")):
            return
        if len(host.quiet_until) >= _WAYS:
            del host.quiet_until[next(iter(host.quiet_until))]
        host.quiet_until[matter] = event.ts + self.settings.quiet
        moment = datetime.datetime.fromtimestamp(event.ts, self.scene.zone)
        settings = self.settings.administration
        values = {"src": login.src, "dst": login.dst, "service": login.service, "user": login.user or "-"}
        msg = text(
            f"detect.admin-{what.lower().replace('_', '-')}", time=f"{moment:%Y-%m-%d %H:%M}", **values
        )
        yield self.notice(
            f"Admin::{what}",
            event.ts,
            msg=msg,
            sub=login.user,
            uid=getattr(event, "uid", None),
            src=login.src,
            dst=login.dst,
            p=login.port,
            n=1,
            zone=event.zone,
            figures={
                "service": login.service,
                "local_time": f"{moment:%H:%M}",
                "weekday": moment.isoweekday(),
                "office_hours": settings.office_hours,
                "known_ways_at_night": len(host.nights),
                "learned_days": round((event.ts - host.since) / _DAY, 1),
                "threshold_days": round(settings.learn / _DAY, 1),
            },
        )


def _is_address(source: str) -> bool:
    """Logs may name who tries instead."""
    return ":" in source or source.replace(".", "").isdigit()
