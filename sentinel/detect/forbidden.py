"""Places where nothing of ours should be: the Internet for hosts that may not reach it, and unused addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import ClassVar

from sentinel.detect.detector import Detector, Scene
from sentinel.detect.network import NetworkSet
from sentinel.detect.targets import Targets
from sentinel.event import Conn, Notice
from sentinel.text import text

__all__ = ["Forbidden"]

_KEPT = 20


class Forbidden(Detector):
    """`Egress::Forbidden`: a host that may not reach the Internet was answered from there (违规外联).
    `Dark::Touched`: someone sent to an address that is declared unused. Both need networks to be configured.
    """

    name: ClassVar[str] = "forbidden"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        forbidden = self.settings.forbidden
        self._confined = NetworkSet(forbidden.no_internet)
        self._allowed = NetworkSet(forbidden.allowed_outside)
        self._dark = NetworkSet(forbidden.dark)
        self._out = self.table(Targets, 0.25)
        self._touching = self.table(Targets, 0.25)
        if not (self._confined.empty and self._dark.empty):
            self.reads = {"conn": self._see}

    def _see(self, events: Sequence[Conn]) -> Iterator[Notice]:
        confined, dark, local, excused = self._confined, self._dark, self.scene.local, self.scene.excused
        for event in events:
            if event.resp_h in dark:
                if event.orig_h not in excused:
                    yield from self._touch(event)
            elif (
                event.orig_h in confined
                and event.resp_h not in local
                and event.resp_h not in confined
                and event.resp_h not in self._allowed
                and _answered(event)
                and _is_internet(event.resp_h)
            ):
                yield from self._leave(event)

    def _touch(self, event: Conn) -> Iterator[Notice]:
        touched = self._touching.at((event.zone, event.orig_h))
        touched.add(event.resp_h, event.ts, _KEPT, self.settings.quiet)
        if event.ts < touched.quiet_until:
            return
        touched.quiet_until = event.ts + self.settings.quiet
        msg = text("detect.dark", src=event.orig_h, dst=event.resp_h, proto=event.proto, port=event.resp_p)
        yield self._told(event, "Dark::Touched", msg, touched)

    def _leave(self, event: Conn) -> Iterator[Notice]:
        reached = self._out.at((event.zone, event.orig_h))
        reached.add(event.resp_h, event.ts, _KEPT, self.settings.quiet)
        if event.ts < reached.quiet_until:
            return
        reached.quiet_until = event.ts + self.settings.quiet
        msg = text("detect.egress", src=event.orig_h, dst=event.resp_h, proto=event.proto, port=event.resp_p)
        yield self._told(event, "Egress::Forbidden", msg, reached)

    def _told(self, event: Conn, note: str, msg: str, targets: Targets) -> Notice:
        return self.notice(
            note,
            event.ts,
            msg=msg,
            sub=event.service,
            uid=event.uid,
            orig_h=event.orig_h,
            orig_p=event.orig_p,
            resp_h=event.resp_h,
            resp_p=event.resp_p,
            proto=event.proto,
            src=event.orig_h,
            dst=event.resp_h,
            p=event.resp_p,
            n=len(targets.seen),
            zone=event.zone,
            figures={
                "hosts": len(targets.seen),
                "orig_bytes": event.orig_bytes or 0,
                "resp_bytes": event.resp_bytes or 0,
                "duration_seconds": event.duration or 0.0,
                "mac": event.orig_l2_addr,
            },
        )


def _answered(event: Conn) -> bool:
    """Did a session come about?"""
    if event.proto == "tcp":
        return bool(event.resp_bytes) or event.conn_state in ("SF", "S1", "S2", "S3", "RSTO")
    return bool(event.resp_pkts)


@lru_cache(maxsize=1 << 14)
def _is_internet(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.is_global and not address.is_multicast
