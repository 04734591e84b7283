"""What was never seen before: a service of ours, a peer of a host that knows few, a way between networks of ours."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import ClassVar

import msgspec

from sentinel.detect.detector import Detector, Scene
from sentinel.detect.memory import Memory
from sentinel.event import Conn, Notice
from sentinel.text import text

__all__ = ["FirstSeen"]

_HOUR = 3600.0
_SERVICES = 128
"""Services of one host that are kept: one that has more offers ports at random, and is left alone."""
_DYNAMIC = 32768
"""Ports that are handed out for one session (FTP, RPC) begin here: RFC 6056 section 3.2 and Linux."""
_ADMINISTRATION = frozenset({22, 23, 135, 139, 445, 1433, 1521, 3306, 3389, 5432, 5900, 5985, 5986, 6379})
"""TCP ports by which one host commands another: who calls them from where is a habit."""
_ESTABLISHED = frozenset({"SF", "S1", "S2", "S3", "RSTO", "RSTR"})


class _Host:
    """What is usual for one host; it learns by itself from the first time that it is seen."""

    __slots__ = ("crossed", "outside", "quiet_until", "served", "since", "visited")

    def __init__(self) -> None:
        self.since = float("inf")
        self.served: set[int] = set()
        self.outside: set[str] = set()
        self.visited: set[tuple[str, int]] = set()
        self.crossed: set[str] = set()
        self.quiet_until: dict[str, float] = {}

    @property
    def weight(self) -> int:
        return len(self.served) + len(self.outside) + len(self.visited) + len(self.crossed)


class _SavedHost(msgspec.Struct, array_like=True):
    since: float
    served: set[int]
    outside: set[str]
    visited: set[tuple[str, int]]
    crossed: set[str]
    quiet_until: dict[str, float]


def _saved(host: _Host) -> _SavedHost:
    return _SavedHost(host.since, host.served, host.outside, host.visited, host.crossed, host.quiet_until)


def _restored(saved: _SavedHost) -> _Host:
    host = _Host()
    host.since, host.served, host.outside = saved.since, saved.served, saved.outside
    host.visited, host.crossed, host.quiet_until = saved.visited, saved.crossed, saved.quiet_until
    return host


class FirstSeen(Detector):
    """`First_Seen::Service`, `First_Seen::Outside_Peer`, `First_Seen::Administration`, `First_Seen::Crossing`.

    Only sessions count that came about. A host is told of after `learn`, counted from when it was first seen; one
    that was forgotten for want of room learns anew, and a host that talks to everybody is not told of at all.
    """

    name: ClassVar[str] = "first_seen"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._hosts = self.table(_Host)
        self.memories = {"hosts": Memory(self._hosts, _SavedHost, _saved, _restored)}
        self.reads = {"conn": self._see}

    def _see(self, events: Sequence[Conn]) -> Iterator[Notice]:
        local, excused = self.scene.local, self.scene.excused
        for event in events:
            if event.proto != "tcp" or event.conn_state not in _ESTABLISHED:
                continue
            if event.orig_h in excused or not (event.orig_bytes and event.resp_bytes):
                continue
            inside = event.resp_h in local
            if event.orig_h in local:
                yield from self._call(event, inside)
            if inside:
                yield from self._serve(event)

    def _host(self, event: Conn, address: str) -> tuple[_Host, bool]:
        """The host, and whether what is usual for it is known by now."""
        host = self._hosts.at((event.zone, address))
        host.since = min(host.since, event.ts)
        return host, event.ts - host.since >= self.settings.first_seen.learn

    def _serve(self, event: Conn) -> Iterator[Notice]:
        port = event.resp_p
        if port >= _DYNAMIC or "ftp-data" in (event.service or ""):
            return
        host, known = self._host(event, event.resp_h)
        if port in host.served or len(host.served) >= _SERVICES:
            return
        host.served.add(port)
        if known:
            yield from self._told(event, host, "Service", len(host.served) - 1)

    def _call(self, event: Conn, inside: bool) -> Iterator[Notice]:
        host, known = self._host(event, event.orig_h)
        if not inside:
            yield from self._leave(event, host, known)
            return
        if event.resp_p in _ADMINISTRATION:
            way, most = (event.resp_h, event.resp_p), self.settings.first_seen.peers
            if way not in host.visited and len(host.visited) <= most:
                host.visited.add(way)
                if known and len(host.visited) <= most:
                    yield from self._told(event, host, "Administration", len(host.visited) - 1)
        network = _network(event.resp_h)
        if network != _network(event.orig_h) and network not in host.crossed:
            most = self.settings.first_seen.networks
            if len(host.crossed) <= most:
                host.crossed.add(network)
                if known and len(host.crossed) <= most:
                    yield from self._told(event, host, "Crossing", len(host.crossed) - 1)

    def _leave(self, event: Conn, host: _Host, known: bool) -> Iterator[Notice]:
        """A host with few peers outside, as servers and terminals have, gets another."""
        network, most = _network(event.resp_h), self.settings.first_seen.peers
        if network in host.outside or len(host.outside) > most or event.orig_h in self.scene.shared:
            return
        host.outside.add(network)
        if known and len(host.outside) <= most:
            yield from self._told(event, host, "Outside_Peer", len(host.outside) - 1)

    def _told(self, event: Conn, host: _Host, what: str, usual: int) -> Iterator[Notice]:
        if event.ts < host.quiet_until.get(what, float("-inf")):
            return
        host.quiet_until[what] = event.ts + self.settings.first_seen.quiet
        learned = event.ts - host.since
        values = {"src": event.orig_h, "dst": event.resp_h, "port": event.resp_p}
        msg = text(f"detect.first-{what.lower().replace('_', '-')}", usual=usual, **values)
        yield self.notice(
            f"First_Seen::{what}",
            event.ts,
            msg=msg,
            sub=event.service,
            uid=event.uid,
            proto=event.proto,
            src=event.orig_h,
            dst=event.resp_h,
            p=event.resp_p,
            n=usual + 1,
            zone=event.zone,
            figures={
                "known_before": usual,
                "learned_hours": round(learned / _HOUR, 1),
                "threshold_hours": round(self.settings.first_seen.learn / _HOUR, 1),
                "orig_bytes": event.orig_bytes or 0,
                "resp_bytes": event.resp_bytes or 0,
                "network": _network(event.resp_h),
            },
        )


def _network(address: str) -> str:
    """The network of an address, as sites are divided: /24, or /64 of IPv6 (RFC 4291 section 2.5.1)."""
    return _network_of_6(address) if ":" in address else f"{address.rpartition('.')[0]}.0/24"


@lru_cache(maxsize=1 << 14)
def _network_of_6(address: str) -> str:
    try:
        return str(ipaddress.IPv6Network((address, 64), strict=False))
    except ValueError:
        return address
