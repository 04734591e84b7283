"""Beacons: one host that calls another outside again and again, at even intervals, with little to say."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import ClassVar

from sentinel.detect.detector import Detector, Scene
from sentinel.detect.regularity import Regularity, regularity
from sentinel.event import Conn, Notice
from sentinel.text import text

__all__ = ["Beacon"]

_KEPT = 512
"""Latest connections of a pair that are scored."""
_PERIODIC = frozenset({53, 67, 68, 123, 137, 138, 161, 162, 514, 546, 547, 1900, 3702, 5353, 5355})
"""Ports of services that are periodic by design."""
_GROWTH = 1.5


class _Pair:
    """Connections of one host to one port of another."""

    __slots__ = ("look_at", "quiet_until", "sizes", "times", "total")

    def __init__(self) -> None:
        self.times: deque[float] = deque(maxlen=_KEPT)
        self.sizes: deque[float] = deque(maxlen=_KEPT)
        self.total = 0
        self.look_at = 0.0
        """Connections at which the pair is scored next."""
        self.quiet_until = float("-inf")

    @property
    def weight(self) -> int:
        return len(self.times)


class Beacon(Detector):
    """`Beacon::Periodic` for a pair of a host of ours and one outside whose regularity reaches a score."""

    name: ClassVar[str] = "beacon"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._pairs = self.table(_Pair)
        self.reads = {"conn": self._see}

    def _see(self, events: Sequence[Conn]) -> Iterator[Notice]:
        least, shared, at = self.settings.beacon.connections, self.scene.shared, self._pairs.at
        for event in events:
            if event.local_resp or not event.local_orig or not event.orig_bytes or not event.resp_pkts:
                continue
            if event.resp_p in _PERIODIC or event.proto == "icmp" or event.orig_h in shared:
                continue
            pair = at((event.zone, event.orig_h, event.resp_h, event.resp_p))
            pair.times.append(event.ts)
            pair.sizes.append(event.orig_bytes)
            pair.total += 1
            if pair.total >= least and pair.total >= pair.look_at:
                pair.look_at = pair.total * _GROWTH
                yield from self._look(event, pair)

    def _look(self, event: Conn, pair: _Pair) -> Iterator[Notice]:
        beacon = self.settings.beacon
        if event.ts < pair.quiet_until or max(pair.times) - min(pair.times) < beacon.least_span:
            return
        found = regularity(pair.times, pair.sizes)
        if found.score >= beacon.score and found.interval >= 1.0:
            pair.quiet_until = event.ts + max(self.settings.quiet, 24 * found.interval, 6 * 3600.0)
            yield self._told(event, pair, found)

    def _told(self, event: Conn, pair: _Pair, found: Regularity) -> Notice:
        msg = text(
            "detect.beacon",
            src=event.orig_h,
            dst=event.resp_h,
            port=event.resp_p,
            number=len(pair.times),
            interval=round(found.interval, 1),
            percent=round(100 * found.score),
        )
        return self.notice(
            "Beacon::Periodic",
            event.ts,
            msg=msg,
            sub=event.service,
            uid=event.uid,
            proto=event.proto,
            src=event.orig_h,
            dst=event.resp_h,
            p=event.resp_p,
            n=len(pair.times),
            zone=event.zone,
            figures={
                "score": round(found.score, 3),
                "threshold": self.settings.beacon.score,
                "interval_seconds": round(found.interval, 3),
                "interval_variation": round(found.variation, 3),
                "intervals": round(found.intervals, 3),
                "sizes": round(found.sizes, 3),
                "histogram": round(found.histogram, 3),
                "coverage": round(found.coverage, 3),
                "span_seconds": round(max(pair.times) - min(pair.times)),
                "connections": pair.total,
            },
        )
