"""Hosts called one after the other: by echo requests, and over the ports that worms use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from sentinel.detect.detector import Detector, Scene
from sentinel.detect.targets import Targets
from sentinel.event import Conn, Notice
from sentinel.text import text

__all__ = ["Sweep"]

_ECHO = frozenset({8, 128})
"""ICMP and ICMPv6 types of an echo request."""
_SMB = frozenset({139, 445})


class Sweep(Detector):
    """`Scan::ICMP_Sweep` past a number of hosts pinged; `Worm::SMB_Fan_Out` past a number of hosts whose
    file sharing one host of ours calls at once, whether or not they answer.
    """

    name: ClassVar[str] = "sweep"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._pinged = self.table(Targets, 0.5)
        self._called = self.table(Targets, 0.5)
        self.reads = {"conn": self._see}

    def _see(self, events: Sequence[Conn]) -> Iterator[Notice]:
        excused = self.scene.excused
        for event in events:
            if event.proto == "tcp":
                if event.resp_p not in _SMB or not event.local_orig or event.orig_h in excused:
                    continue
                yield from self._call(event)
            elif event.proto == "icmp" and event.orig_p in _ECHO and event.orig_h not in excused:
                yield from self._ping(event)

    def _ping(self, event: Conn) -> Iterator[Notice]:
        sweep, ts = self.settings.sweep, event.ts
        targets = self._pinged.at((event.zone, event.orig_h))
        if not targets.add(event.resp_h, ts, sweep.pinged, sweep.ping_window) or ts < targets.quiet_until:
            return
        found = targets.reached(sweep.pinged, ts, sweep.ping_window)
        if not found:
            return
        targets.quiet_until = ts + self.settings.quiet
        msg = text("detect.icmp-sweep", src=event.orig_h, number=found, seconds=round(sweep.ping_window))
        yield self._told(event, "Scan::ICMP_Sweep", msg, targets, found, sweep.pinged, sweep.ping_window)

    def _call(self, event: Conn) -> Iterator[Notice]:
        sweep, ts = self.settings.sweep, event.ts
        targets = self._called.at((event.zone, event.orig_h))
        if not targets.add(event.resp_h, ts, sweep.smb_hosts, sweep.smb_window) or ts < targets.quiet_until:
            return
        found = targets.reached(sweep.smb_hosts, ts, sweep.smb_window)
        if not found:
            return
        targets.quiet_until = ts + self.settings.quiet
        msg = text("detect.smb-fan-out", src=event.orig_h, number=found, seconds=round(sweep.smb_window))
        yield self._told(event, "Worm::SMB_Fan_Out", msg, targets, found, sweep.smb_hosts, sweep.smb_window)

    def _told(
        self, event: Conn, note: str, msg: str, targets: Targets, found: int, threshold: int, window: float
    ) -> Notice:
        return self.notice(
            note,
            event.ts,
            msg=msg,
            sub=targets.shown(),
            uid=event.uid,
            proto=event.proto,
            src=event.orig_h,
            p=event.resp_p if event.proto == "tcp" else None,
            n=found,
            zone=event.zone,
            figures={
                "hosts": found,
                "threshold": threshold,
                "window_seconds": window,
                "hosts_ever": targets.total,
            },
        )
