"""How much comes in and goes out, minute by minute, against what was usual in the week before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

import msgspec

from sentinel.detect.detector import Detector, Scene
from sentinel.detect.memory import Memory
from sentinel.event import Conn, Notice
from sentinel.text import text

__all__ = ["Volume"]

_SAMPLE: Final = 60
"""Seconds of one sample."""
_WEEK: Final = 7 * 24 * 60
"""Samples that the usual is made of."""
_RECENT: Final = 10
"""Samples of which it is known whose they were."""
_HOSTS: Final = 512
"""Hosts told apart within one of them."""
_HOURS: Final = 48
"""Hours whose usual is kept once it is known."""
_ROW: Final = 3
"""Samples one after another that must all be above."""


class _Way:
    """One direction of one zone: bytes and packets of each sample, by the minute since 1970."""

    __slots__ = ("hosts", "newest", "quiet_until", "samples", "since", "usual")

    def __init__(self) -> None:
        self.samples: dict[int, list[float]] = {}
        self.hosts: dict[int, dict[str, float]] = {}
        """Bytes of each host of ours, of the latest samples."""
        self.since = self.newest = -1
        self.quiet_until = float("-inf")
        self.usual: dict[int, tuple[float, float]] = {}
        """For hours since 1970 that were asked about: what 99 of 100 samples of the week before do not pass."""

    @property
    def weight(self) -> int:
        return len(self.samples)

    def add(self, minute: int, host: str, sent: float, packets: float) -> bool:
        """Add to a sample; False where it is too old to matter."""
        if minute <= self.newest - _WEEK:
            return False
        if minute > self.newest:
            self._go_on(minute)
        self.since = minute if self.since < 0 else min(self.since, minute)
        sample = self.samples.setdefault(minute, [0.0, 0.0])
        sample[0] += sent
        sample[1] += packets
        if minute > self.newest - _RECENT:
            hosts = self.hosts.setdefault(minute, {})
            if host in hosts or len(hosts) < _HOSTS:
                hosts[host] = hosts.get(host, 0.0) + sent
        return True

    def usual_before(self, minute: int) -> tuple[float, float]:
        """The 99th percentile of bytes and of packets in the week before the hour of `minute`."""
        hour = minute // 60
        usual = self.usual.get(hour)
        if usual is None:
            known = [both for when, both in self.samples.items() if when // 60 < hour]
            silent = max(0, min(hour * 60 - self.since, _WEEK) - len(known))
            usual = (_percentile(known, 0, silent), _percentile(known, 1, silent))
            if len(self.usual) >= _HOURS:
                del self.usual[min(self.usual)]
            self.usual[hour] = usual
        return usual

    def _go_on(self, minute: int) -> None:
        """What is older than a week goes, and whose the samples were a little while ago."""
        before, self.newest = self.newest, minute
        if minute - before >= _WEEK:
            self.samples.clear()
        for old in range(before - _WEEK + 1, min(minute - _WEEK, before) + 1):
            self.samples.pop(old, None)
        for old in [when for when in self.hosts if when <= minute - _RECENT]:
            del self.hosts[old]


def _percentile(known: list[list[float]], which: int, silent: int) -> float:
    """Of the samples that are known and as many `silent` ones as there were besides."""
    rank = (99 * (len(known) + silent) + 99) // 100 - silent
    return sorted(one[which] for one in known)[rank - 1] if rank > 0 else 0.0


class _SavedWay(msgspec.Struct, array_like=True):
    samples: dict[int, list[float]]
    since: int
    newest: int
    quiet_until: float


def _saved(way: _Way) -> _SavedWay:
    return _SavedWay(way.samples, way.since, way.newest, way.quiet_until)


def _restored(saved: _SavedWay) -> _Way:
    way = _Way()
    way.samples, way.since, way.newest = saved.samples, saved.since, saved.newest
    way.quiet_until = saved.quiet_until
    return way


class Volume(Detector):
    """`Volume::Inbound_Above_Usual`, `Volume::Outbound_Above_Usual`: three minutes one after another, each `times`
    the 99th percentile of the week before and above a rate that is worth a word.

    What crosses between ours and others counts. A connection is known when it is over: its bytes are spread evenly
    over the time it lasted, so minutes are judged anew as long as something is added to them.
    """

    name: ClassVar[str] = "volume"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        volume = self.settings.volume
        self._least = (volume.bits / 8 * _SAMPLE, volume.packets * _SAMPLE)
        self._ways = self.table(_Way, 0.0)
        self.memories = {"ways": Memory(self._ways, _SavedWay, _saved, _restored)}
        self.reads = {"conn": self._see}

    def _see(self, events: Sequence[Conn]) -> Iterator[Notice]:
        sums: dict[tuple[str | None, int, str], list[float]] = {}
        ended = float("-inf")
        for event in events:
            outward = bool(event.local_orig)
            if outward is bool(event.local_resp):
                continue
            begun, duration = event.ts, event.duration or 0.0
            ended = max(ended, begun + duration)
            first, last = int(begun // _SAMPLE), int((begun + duration) // _SAMPLE)
            host = event.orig_h if outward else event.resp_h
            share = 1.0 / (last - first + 1)
            for minute in range(last, max(first, last - _WEEK) - 1, -1):
                key = (event.zone, minute, host)
                added = sums.get(key)
                if added is None:
                    added = sums[key] = [0.0, 0.0, 0.0, 0.0]
                out, into = (0, 2) if outward else (2, 0)
                added[out] += share * (event.orig_ip_bytes or event.orig_bytes or 0)
                added[out + 1] += share * (event.orig_pkts or 0)
                added[into] += share * (event.resp_ip_bytes or event.resp_bytes or 0)
                added[into + 1] += share * (event.resp_pkts or 0)
        yield from self._add(sums, ended)

    def _add(self, sums: dict[tuple[str | None, int, str], list[float]], now: float) -> Iterator[Notice]:
        """Add what each host sent and got in each minute, and judge the minutes that grew to something."""
        grown: set[tuple[str | None, str, int]] = set()
        for (zone, minute, host), (out, out_packets, into, into_packets) in sums.items():
            for what, sent, packets in (("Outbound", out, out_packets), ("Inbound", into, into_packets)):
                if not sent and not packets:
                    continue
                way = self._ways.at((zone, what))
                if way.add(minute, host, sent, packets):
                    sample = way.samples[minute]
                    if sample[0] >= self._least[0] or sample[1] >= self._least[1]:
                        grown.add((zone, what, minute))
        for zone, what, minute in sorted(grown, key=lambda one: (one[2], one[1], one[0] or "")):
            way = self._ways.at((zone, what))
            if minute in way.samples:
                yield from self._judge(zone, what, way, minute, now)

    def _judge(self, zone: str | None, what: str, way: _Way, minute: int, now: float) -> Iterator[Notice]:
        """A minute that is worth a look: is it one of several that are far above the usual?"""
        volume, moment = self.settings.volume, (minute + 1) * float(_SAMPLE)
        if moment < way.quiet_until or minute - way.since < volume.learn / _SAMPLE:
            return
        usual = way.usual_before(minute)
        above = [
            number
            for number in (0, 1)
            if self._in_a_row(way, minute, number, max(self._least[number], volume.times * usual[number]))
        ]
        if not above:
            return
        way.quiet_until = moment + self.settings.quiet
        sample = way.samples[minute]
        hosts = way.hosts.get(minute) or {"-": 0.0}
        most = max(hosts, key=lambda host: hosts[host])
        rate, before = (round(8e-6 * amount / _SAMPLE, 1) for amount in (sample[0], usual[0]))
        values = {"host": most, "rate": rate, "usual": before, "packets": round(sample[1] / _SAMPLE)}
        yield self.notice(
            f"Volume::{what}_Above_Usual",
            now,
            msg=text(f"detect.volume-{what.lower()}", **values),
            sub="bytes" if 0 in above else "packets",
            src=most if what == "Outbound" and most != "-" else None,
            dst=most if what == "Inbound" and most != "-" else None,
            n=_ROW,
            zone=zone,
            figures={
                "megabits_per_second": rate,
                "usual_megabits_per_second": before,
                "packets_per_second": values["packets"],
                "usual_packets_per_second": round(usual[1] / _SAMPLE),
                "times": volume.times,
                "threshold_megabits_per_second": round(8e-6 * self._least[0] / _SAMPLE, 1),
                "share_of_first_host": round(hosts[most] / sample[0], 3) if sample[0] else 0.0,
                "samples_known": len(way.samples),
            },
        )

    def _in_a_row(self, way: _Way, minute: int, number: int, threshold: float) -> bool:
        """Is `minute` one of `_ROW` samples, one after another, that reach the threshold?"""
        length = 0
        for when in range(minute - _ROW + 1, minute + _ROW):
            sample = way.samples.get(when)
            length = length + 1 if sample is not None and sample[number] >= threshold else 0
            if length == _ROW:
                return True
        return False
