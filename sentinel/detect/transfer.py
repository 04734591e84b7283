"""Data on its way out: more than a host usually sends, connections that never end, pings that carry."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any, ClassVar

import msgspec

from sentinel.detect.detector import Detector, Scene
from sentinel.detect.memory import Memory
from sentinel.detect.randomness import entropy, looks_enciphered
from sentinel.event import Conn, Icmp, Notice
from sentinel.text import text

__all__ = ["Transfer"]

_HOUR = 3600.0
_REMEMBERED = 7 * 24
"""Hours of a host that its usual is made of."""
_ECHO = frozenset({8, 128})
_USUAL_PING = 128
"""Bytes in an echo request that no ordinary ping passes."""


class _Host:
    """What one host sent out, by the hour."""

    __slots__ = ("hour", "hours", "peers", "sent", "told_hour")

    def __init__(self) -> None:
        self.hour = -1
        self.sent = 0
        self.peers: dict[str, int] = {}
        self.hours: deque[int] = deque(maxlen=_REMEMBERED)
        self.told_hour = -1

    @property
    def weight(self) -> int:
        return 1 + len(self.hours)


class _SavedHost(msgspec.Struct, array_like=True):
    hour: int
    sent: int
    peers: dict[str, int]
    hours: list[int]
    told_hour: int


def _saved(host: _Host) -> _SavedHost:
    return _SavedHost(host.hour, host.sent, host.peers, list(host.hours), host.told_hour)


def _restored(saved: _SavedHost) -> _Host:
    host = _Host()
    host.hour, host.sent, host.told_hour = saved.hour, saved.sent, saved.told_hour
    host.peers = saved.peers
    host.hours.extend(saved.hours)
    return host


class _Filling:
    """What the first ping of a flow carried."""

    __slots__ = ("enciphered", "entropy")

    weight = 1

    def __init__(self) -> None:
        self.enciphered = False
        self.entropy = 0.0


class Transfer(Detector):
    """`Exfil::Upload_Above_Usual`, `Exfil::Large_Upload`, `Long::Connection`, `ICMP::Tunnel`."""

    name: ClassVar[str] = "transfer"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._hosts = self.table(_Host)
        self.memories = {"hosts": Memory(self._hosts, _SavedHost, _saved, _restored)}
        self._fillings = self.table(_Filling, 0.25)
        self.reads = {"icmp": self._look_into, "conn": self._see}

    def _look_into(self, events: Sequence[Icmp]) -> Iterator[Notice]:
        for event in events:
            if event.icmp_type in _ECHO and event.payload:
                filling = self._fillings.at(event.uid)
                filling.entropy = round(entropy(event.payload), 2)
                filling.enciphered = looks_enciphered(event.payload)
        return iter(())

    def _see(self, events: Sequence[Conn]) -> Iterator[Notice]:
        transfer = self.settings.transfer
        for event in events:
            if event.proto == "icmp":
                if event.orig_p in _ECHO and event.orig_bytes and (event.orig_pkts or 0) >= 5:
                    yield from self._ping(event)
                continue
            if not event.local_orig or event.local_resp:
                continue
            if event.orig_bytes and event.orig_bytes > transfer.counted_bytes:
                yield from self._send(event)
            if (event.duration or 0.0) >= transfer.long_duration and event.resp_bytes:
                yield self._long(event)

    def _send(self, event: Conn) -> Iterator[Notice]:
        if event.orig_h in self.scene.shared:
            return
        transfer, sent = self.settings.transfer, event.orig_bytes or 0
        host = self._hosts.at((event.zone, event.orig_h))
        hour = int((event.ts + (event.duration or 0.0)) // _HOUR)
        if hour > host.hour:
            if host.hour >= 0:
                host.hours.append(host.sent)
                host.hours.extend([0] * min(hour - host.hour - 1, _REMEMBERED))
            host.hour, host.sent = hour, 0
            host.peers.clear()
        host.sent += sent
        if event.resp_h in host.peers or len(host.peers) < 64:
            host.peers[event.resp_h] = host.peers.get(event.resp_h, 0) + sent
        if host.told_hour == hour or host.sent < transfer.least_bytes:
            return
        busiest = max(host.hours, default=0)
        known = len(host.hours) >= transfer.learn_hours
        if known and host.sent >= transfer.times_usual * max(busiest, 1):
            note, threshold = "Upload_Above_Usual", transfer.times_usual * busiest
        elif host.sent >= transfer.large_bytes and sent > 10 * (event.resp_bytes or 0):
            note, threshold = "Large_Upload", transfer.large_bytes
        else:
            return
        host.told_hour = hour
        peer = max(host.peers, key=lambda peer: host.peers[peer])
        values = {"src": event.orig_h, "dst": peer, "megabytes": round(host.sent / 1e6)}
        msg = text("detect.upload", usual=round(busiest / 1e6), **values)
        figures = {
            "bytes": host.sent,
            "threshold_bytes": threshold,
            "busiest_hour_bytes": busiest,
            "median_hour_bytes": int(median(host.hours)) if host.hours else 0,
            "hours_known": len(host.hours),
            "to_first_peer_bytes": host.peers[peer],
        }
        yield self._told(event, f"Exfil::{note}", msg, peer, host.sent, figures)

    def _long(self, event: Conn) -> Notice:
        hours = round((event.duration or 0.0) / _HOUR, 1)
        msg = text("detect.long", src=event.orig_h, dst=event.resp_h, port=event.resp_p, hours=hours)
        figures = {
            "duration_seconds": event.duration or 0.0,
            "threshold_seconds": self.settings.transfer.long_duration,
            "orig_bytes": event.orig_bytes or 0,
            "resp_bytes": event.resp_bytes or 0,
        }
        return self._told(event, "Long::Connection", msg, event.resp_h, round(hours), figures)

    def _ping(self, event: Conn) -> Iterator[Notice]:
        """An echo reply repeats its request (RFC 792): where both carry different amounts, someone talks.

        Where they carry what looks enciphered, a tenth of the bytes is enough.
        """
        transfer = self.settings.transfer
        asked, answered = event.orig_pkts or 0, event.resp_pkts or 0
        sent, back = (event.orig_bytes or 0) / max(asked, 1), (event.resp_bytes or 0) / max(answered, 1)
        uneven = answered >= 5 and abs(sent - back) > max(4.0, 0.05 * max(sent, back))
        total = (event.orig_bytes or 0) + (event.resp_bytes or 0)
        filling = self._fillings.find(event.uid)
        self._fillings.drop(event.uid)
        enciphered = filling is not None and filling.enciphered and 10 * total >= transfer.ping_bytes
        large = total >= transfer.ping_bytes and max(sent, back) > _USUAL_PING
        if not (uneven and max(sent, back) > 32) and not large and not enciphered:
            return
        values = {"src": event.orig_h, "dst": event.resp_h, "number": asked + answered, "bytes": total}
        figures = {
            "request_bytes": round(sent, 1),
            "reply_bytes": round(back, 1),
            "uneven": uneven,
            "enciphered": enciphered,
            "entropy_of_first_bytes": filling.entropy if filling is not None else None,
            "bytes": total,
            "threshold_bytes": transfer.ping_bytes,
        }
        note = "ICMP::Tunnel" if uneven or enciphered else "ICMP::Large_Echo"
        yield self._told(event, note, text("detect.icmp-tunnel", **values), event.resp_h, asked, figures)

    def _told(
        self, event: Conn, note: str, msg: str, dst: str, number: int, figures: dict[str, Any]
    ) -> Notice:
        return self.notice(
            note,
            event.ts,
            msg=msg,
            sub=event.service,
            uid=event.uid,
            proto=event.proto,
            src=event.orig_h,
            dst=dst,
            p=event.resp_p if event.proto != "icmp" else None,
            n=number,
            zone=event.zone,
            figures=figures,
        )
