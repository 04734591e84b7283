"""Scans over TCP and UDP: many hosts asked on one port, many ports of one host, ports asked by stealth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from sentinel.detect.detector import Detector, Scene
from sentinel.detect.targets import Targets
from sentinel.event import Conn, Notice
from sentinel.text import text

__all__ = ["Scan"]

_TRACEROUTE = range(33434, 33535)
"""UDP ports that traceroute asks one after the other."""
_WEB = frozenset({80, 443})
_IN_VAIN = frozenset({"S0", "REJ", "RSTOS0", "RSTRH"})
"""States of a connection that did not come about."""
_STEALTH = frozenset({"F", "Fr", "r", "", "FR", "FrR"})
"""Histories of a lone packet that begins no connection, and its reset."""


class Scan(Detector):
    """`Scan::Address_Scan`, `Scan::Port_Scan`, their `Scan::Slow_…` sisters, and `Scan::Stealth_Scan`.

    What counts is a connection in which nobody said a byte: unanswered, refused, reset, or closed at once.
    """

    name: ClassVar[str] = "scan"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._hosts = self.table(Targets)
        self._ports = self.table(Targets)
        self._stealth = self.table(Targets, 0.25)
        self._refusing = self.table(Targets, 0.5)
        self.reads = {"conn": self._see}

    def _see(self, events: Sequence[Conn]) -> Iterator[Notice]:
        excused = self.scene.excused
        for event in events:
            if event.orig_bytes or event.resp_bytes:
                continue
            if event.proto != "tcp" and (
                event.proto != "udp" or event.conn_state != "S0" or event.resp_p in _TRACEROUTE
            ):
                continue
            if event.orig_h not in excused:
                yield from self._probe(event)

    def _probe(self, event: Conn) -> Iterator[Notice]:
        scan, ts = self.settings.scan, event.ts
        orig_h = event.orig_h if event.zone is None else f"{event.zone} {event.orig_h}"
        ports = self._ports.at((orig_h, event.resp_h, event.proto))
        if ports.add(event.resp_p, ts, max(scan.ports, scan.slow_ports), scan.slow_window):
            yield from self._many(event, ports, "Port_Scan", scan.ports, scan.slow_ports)
        if event.proto == "tcp" and event.conn_state in _IN_VAIN:
            yield from self._refused(event, orig_h, ports)
        hosts = self._hosts.at((orig_h, event.resp_p, event.proto))
        number, slow = scan.hosts, scan.slow_hosts
        if not event.local_resp and (event.resp_p in _WEB or event.local_orig):
            number = slow = scan.distant_hosts
        if hosts.add(event.resp_h, ts, max(number, slow), scan.slow_window):
            yield from self._many(event, hosts, "Address_Scan", number, slow)
        if event.proto == "tcp" and _by_stealth(event):
            stealth = self._stealth.at((orig_h, event.resp_h))
            if stealth.add(event.resp_p, ts, 2 * scan.stealth_ports, scan.window):
                yield from self._many(event, stealth, "Stealth_Scan", scan.stealth_ports, 0)

    def _refused(self, event: Conn, orig_h: str, ports: Targets) -> Iterator[Notice]:
        """A short list of ports tried at once: fewer are enough where none of them is open."""
        scan, ts = self.settings.scan, event.ts
        refusing = self._refusing.at((orig_h, event.resp_h))
        refusing.quiet_until = max(refusing.quiet_until, ports.quiet_until)
        if refusing.add(event.resp_p, ts, 2 * scan.brisk_ports, scan.brisk_window):
            found = refusing.reached(scan.brisk_ports, ts, scan.brisk_window)
            if found and ts >= refusing.quiet_until:
                ports.quiet_until = refusing.quiet_until = ts + self.settings.quiet
                yield self._told(event, refusing, "Port_Scan", found, scan.brisk_window, scan.brisk_ports)

    def _many(self, event: Conn, targets: Targets, note: str, number: int, slow: int) -> Iterator[Notice]:
        held, ts = len(targets.seen), event.ts
        if ts < targets.quiet_until or held < min(number, slow or number):
            return
        scan = self.settings.scan
        found = targets.within(ts, scan.window)
        if found >= number:
            window, threshold = scan.window, number
        elif slow and (found := targets.within(ts, scan.slow_window)) >= slow:
            window, threshold, note = scan.slow_window, slow, f"Slow_{note}"
        else:
            return
        targets.quiet_until = ts + max(self.settings.quiet, window)
        yield self._told(event, targets, note, found, window, threshold)

    def _told(
        self, event: Conn, targets: Targets, note: str, found: int, window: float, threshold: int
    ) -> Notice:
        over_hosts = note.endswith("Address_Scan")
        values = {"src": event.orig_h, "number": found, "minutes": max(1, round(window / 60))}
        if over_hosts:
            msg = text("detect.address-scan", port=event.resp_p, proto=event.proto, **values)
        elif note == "Stealth_Scan":
            msg = text("detect.stealth-scan", dst=event.resp_h, **values)
        else:
            msg = text("detect.port-scan", dst=event.resp_h, proto=event.proto, **values)
        return self.notice(
            f"Scan::{note}",
            event.ts,
            msg=msg,
            sub=targets.shown(),
            uid=event.uid,
            proto=event.proto,
            src=event.orig_h,
            dst=None if over_hosts else event.resp_h,
            p=event.resp_p if over_hosts else None,
            n=found,
            zone=event.zone,
            figures={
                "targets": found,
                "threshold": threshold,
                "window_seconds": window,
                "targets_ever": targets.total,
                "last_state": event.conn_state,
            },
        )


def _by_stealth(event: Conn) -> bool:
    """FIN, NULL or Xmas (nmap(1), `-sF -sN -sX`).

    A FIN of its own may close a connection older than the capture; that goes to one port, not to many.
    """
    return 0 < (event.orig_pkts or 0) <= 2 and (event.history or "") in _STEALTH
