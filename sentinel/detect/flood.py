"""Floods: half-open connections, packets that nobody answers, and servers made to answer somebody else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar

from sentinel.detect.detector import Detector, Scene
from sentinel.detect.sliding import Sliding
from sentinel.event import Conn, Dns, Notice
from sentinel.text import text

__all__ = ["Flood"]

_ANY = 255
_ONE_WAY = frozenset({514, 2055, 4739, 6343, 9995, 9996})
"""UDP ports of those who only ever send: syslog, NetFlow, IPFIX, sFlow."""
_REFLECTING = frozenset({17, 19, 53, 69, 111, 123, 137, 161, 389, 520, 1900, 3283, 3702, 5353, 11211})
"""UDP services whose answers are larger than the questions (US-CERT TA14-017A)."""
_MOST_SOURCES = 1000
_BEGUN = frozenset("SsHhDd^")
"""Letters of a history that a lone packet has not."""
_WEB = frozenset({80, 443, 8000, 8080, 8443})
_IDLE_SECONDS, _IDLE_BYTES = 10.0, 2000
"""A web connection that lasts longer and said less is held open for its own sake."""
_UNANSWERED_SECONDS = 5.0
"""The same where it began to ask and was not answered."""
_LONE_PACKETS = 2


class _Victim:
    """What comes down on one host (and port)."""

    __slots__ = ("bad", "good", "quiet_until", "sources")

    def __init__(self, window: float) -> None:
        self.bad = Sliding(window)
        self.good: Sliding | None = None
        """Connections that came about, counted once there are bad ones."""
        self.sources: set[str] = set()
        self.quiet_until = float("-inf")

    @property
    def weight(self) -> int:
        return int(self.bad.total)


class Flood(Detector):
    """`Flood::SYN_Flood`, `Flood::UDP_Flood`, `Flood::ICMP_Flood`, `Flood::TCP_Flood` (packets of no connection),
    `Flood::Reflection` (of which we are the victim), `Flood::DNS_Any` (of which we are made the tool) and
    `Flood::Slow_HTTP` (connections held open with next to nothing said, as slowloris does). A flow is counted
    when it ends.
    """

    name: ClassVar[str] = "flood"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        make = partial(_Victim, self.settings.flood.window)
        self._half_open = self.table(make)
        self._unanswered = self.table(make, 0.5)
        self._asking = self.table(make, 0.25)
        self._held = self.table(partial(_Victim, self.settings.flood.held_window), 0.25)
        self.reads = {"conn": self._see, "dns": self._see_dns}

    def _see(self, events: Sequence[Conn]) -> Iterator[Notice]:
        for event in events:
            if event.proto == "tcp":
                history = event.history
                if history and history[0] == "S" and "A" not in history and not event.orig_bytes:
                    yield from self._open_half(event)
                    continue
                if _belongs_to_none(event):
                    yield from self._stray(event)
                    continue
                victim = self._half_open.find((event.resp_h, event.resp_p))
                if victim is not None:
                    if victim.good is None:
                        victim.good = Sliding(self.settings.flood.window)
                    victim.good.add(event.ts)
                if event.resp_p in _WEB and (event.duration or 0.0) >= _UNANSWERED_SECONDS:
                    yield from self._hold(event)
            elif (not event.resp_pkts and event.orig_pkts) or (
                event.proto == "icmp" and (event.orig_pkts or 0) > 100
            ):
                yield from self._send(event)

    def _open_half(self, event: Conn) -> Iterator[Notice]:
        flood, ts = self.settings.flood, event.ts
        victim = self._half_open.at((event.resp_h, event.resp_p))
        bad = victim.bad.add(ts)
        _remember(victim, event.orig_h)
        if bad < flood.half_open or ts < victim.quiet_until:
            return
        ratio = bad / (bad + (victim.good.total if victim.good else 0))
        if ratio >= flood.half_open_ratio:
            victim.quiet_until = ts + self.settings.quiet
            yield self._told(event, "SYN", victim, bad, flood.half_open, ratio)

    def _stray(self, event: Conn) -> Iterator[Notice]:
        flood, ts = self.settings.flood, event.ts
        victim = self._unanswered.at((event.resp_h, event.resp_p))
        strays = victim.bad.add(ts, event.orig_pkts or 1)
        _remember(victim, event.orig_h)
        if strays >= flood.tcp_packets and ts >= victim.quiet_until:
            victim.quiet_until = ts + self.settings.quiet
            yield self._told(event, "TCP", victim, strays, flood.tcp_packets, 1.0)

    def _hold(self, event: Conn) -> Iterator[Notice]:
        flood, ts = self.settings.flood, event.ts
        if (event.orig_bytes or 0) >= _IDLE_BYTES or (event.resp_bytes or 0) >= _IDLE_BYTES:
            return
        if (event.duration or 0.0) < _IDLE_SECONDS and (event.resp_bytes or not event.orig_bytes):
            return
        victim = self._held.at((event.orig_h, event.resp_h, event.resp_p))
        held = victim.bad.add(ts)
        _remember(victim, event.orig_h)
        if held >= flood.held and ts >= victim.quiet_until:
            victim.quiet_until = ts + self.settings.quiet
            yield self._told(event, "Slow_HTTP", victim, held, flood.held, 1.0)

    def _send(self, event: Conn) -> Iterator[Notice]:
        flood, ts = self.settings.flood, event.ts
        packets = float(event.orig_pkts or 0)
        if (event.duration or 0.0) > flood.window:
            packets *= flood.window / (event.duration or 1.0)
        if event.proto == "icmp":
            sort, threshold = "ICMP", flood.icmp_packets
        elif event.proto != "udp" or event.resp_p in _ONE_WAY or _to_a_group(event.resp_h):
            return
        elif event.orig_p in _REFLECTING and event.orig_p != event.resp_p:
            sort, threshold = "Reflection", flood.reflected_packets
        else:
            sort, threshold = "UDP", flood.udp_packets
        kept = (event.resp_h, sort)
        # A flow for each is a flood by fewer packets; but a server that is down, or a mirror that shows one way only,
        # leaves as many real questions unanswered.
        if sort == "UDP" and packets <= _LONE_PACKETS and event.service is None:
            kept, threshold, packets = (event.resp_h, "flows"), flood.udp_flows, 1.0
        victim = self._unanswered.at(kept)
        sent = victim.bad.add(ts, packets)
        _remember(victim, event.orig_h)
        if sent >= threshold and ts >= victim.quiet_until:
            victim.quiet_until = ts + self.settings.quiet
            yield self._told(event, sort, victim, sent, threshold, 1.0)

    def _see_dns(self, events: Sequence[Dns]) -> Iterator[Notice]:
        flood = self.settings.flood
        for event in events:
            if event.qtype != _ANY or event.resp_p in (5353, 137):
                continue
            asking = self._asking.at(event.orig_h)
            asked = asking.bad.add(event.ts)
            if asked < flood.any_queries or event.ts < asking.quiet_until:
                continue
            asking.quiet_until = event.ts + self.settings.quiet
            yield self.notice(
                "Flood::DNS_Any",
                event.ts,
                msg=text("detect.dns-any", src=event.orig_h, dst=event.resp_h, number=round(asked)),
                sub=event.query,
                uid=event.uid,
                proto=event.proto,
                src=event.orig_h,
                dst=event.resp_h,
                p=event.resp_p,
                n=round(asked),
                figures={
                    "queries": round(asked),
                    "threshold": flood.any_queries,
                    "window_seconds": flood.window,
                },
            )

    def _told(
        self, event: Conn, sort: str, victim: _Victim, number: float, threshold: int, ratio: float
    ) -> Notice:
        sources = len(victim.sources)
        victim.sources.clear()
        port = event.resp_p if sort in ("SYN", "TCP", "Slow_HTTP") else None
        window = self.settings.flood.held_window if sort == "Slow_HTTP" else self.settings.flood.window
        values = {"dst": event.resp_h, "number": round(number), "sources": sources, "seconds": round(window)}
        if sort == "SYN":
            msg = text("detect.syn-flood", port=port, percent=round(100 * ratio), **values)
        elif sort == "Slow_HTTP":
            msg = text("detect.slow-http", src=event.orig_h, port=port, **values)
        elif sort == "Reflection":
            msg = text("detect.reflection", port=event.orig_p, **values)
        else:
            msg = text("detect.packet-flood", proto=event.proto, **values)
        return self.notice(
            f"Flood::{sort}" if sort in ("Reflection", "Slow_HTTP") else f"Flood::{sort}_Flood",
            event.ts,
            msg=msg,
            uid=event.uid,
            proto=event.proto,
            src=event.orig_h,
            dst=event.resp_h,
            p=port,
            n=round(number),
            zone=event.zone,
            figures={
                "number": round(number),
                "threshold": threshold,
                "ratio": round(ratio, 3),
                "sources": sources,
                "window_seconds": window,
            },
        )


def _remember(victim: _Victim, source: str) -> None:
    if len(victim.sources) < _MOST_SOURCES:
        victim.sources.add(source)


def _belongs_to_none(event: Conn) -> bool:
    """A packet or two without a beginning, and perhaps the reset that they earn."""
    history = event.history
    return bool(
        history
        and 0 < (event.orig_pkts or 0) <= _LONE_PACKETS
        and not event.orig_bytes
        and not event.resp_bytes
        and not _BEGUN.intersection(history)
    )


def _to_a_group(address: str) -> bool:
    """Multicast or broadcast."""
    if address.startswith("ff") or address.endswith(".255"):
        return True
    head = address.partition(".")[0]
    return head.isdigit() and int(head) >= 224
