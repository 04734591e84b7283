"""Places where nothing of ours should be: the Internet for hosts that may not reach it, unused addresses, and
what devices of one purpose have no business with."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from sentinel.detect.detector import Detector, Scene
from sentinel.detect.table import Table
from sentinel.detect.targets import Targets
from sentinel.event import Conn, FlowEvent, Notice
from sentinel.network import NetworkSet
from sentinel.text import text

__all__ = ["Forbidden"]

_KEPT = 20
_ADMINISTRATION = frozenset({22, 23, 135, 139, 445, 3389, 5555, 5900, 5985})
"""TCP ports by which a device is taken over: SSH, Telnet, RPC, SMB, RDP, adb, VNC, WinRM."""
_SPOKEN = ("ssl", "http", "ssh")
"""Kinds of events over TCP that come while their session goes on."""
_SENTENCES = {
    "Dark::Touched": "detect.dark",
    "Egress::Forbidden": "detect.egress",
    "Terminal::Outbound": "detect.terminal-outbound",
    "Terminal::Inbound": "detect.terminal-inbound",
}


class Forbidden(Detector):
    """`Egress::Forbidden`: a host that may not reach the Internet was answered from there (违规外联).
    `Dark::Touched`: someone sent to an address that is declared unused. `Terminal::Outbound`, `Terminal::Inbound`:
    a device of one purpose talked to others than its peers, or one of these called its administration.
    All need networks to be configured. A long session is told of by its first TLS, HTTP or SSH message.
    """

    name: ClassVar[str] = "forbidden"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        forbidden = self.settings.forbidden
        self._confined = NetworkSet(forbidden.no_internet)
        self._allowed = NetworkSet(forbidden.allowed_outside)
        self._dark = NetworkSet(forbidden.dark)
        self._terminals = NetworkSet(forbidden.terminals)
        self._peers = NetworkSet(forbidden.terminal_peers)
        self._out = self.table(Targets, 0.25)
        self._touching = self.table(Targets, 0.25)
        self._crossing = self.table(Targets, 0.25)
        if not (self._confined.empty and self._dark.empty and self._terminals.empty):
            self.reads = {"conn": self._see}
        if not (self._confined.empty and self._terminals.empty):
            self.reads = {**self.reads, **dict.fromkeys(_SPOKEN, self._hear)}

    def _see(self, events: Sequence[Conn]) -> Iterator[Notice]:
        dark, terminals, excused = self._dark, self._terminals, self.scene.excused
        for event in events:
            if event.resp_h in dark:
                if event.orig_h not in excused:
                    yield from self._touch(event)
                continue
            if _answered(event):
                yield from self._go(event)
            if event.resp_h in terminals and event.proto == "tcp" and event.resp_p in _ADMINISTRATION:
                yield from self._enter(event)

    def _hear(self, events: Sequence[FlowEvent]) -> Iterator[Notice]:
        """Sessions that are still going on: someone answered, since something was said."""
        for event in events:
            yield from self._go(event)

    def _go(self, event: FlowEvent) -> Iterator[Notice]:
        """Someone was answered; where from?"""
        if event.orig_h in self._confined and self._is_forbidden(event.resp_h):
            yield from self._leave(event)
        if (
            event.orig_h in self._terminals
            and event.resp_h not in self._peers
            and event.resp_h not in self._terminals
            and not _is_for_all(event.resp_h)
        ):
            yield from self._stray(event)

    def _is_forbidden(self, address: str) -> bool:
        return (
            address not in self.scene.local
            and address not in self._confined
            and address not in self._allowed
            and _is_internet(address)
        )

    def _enter(self, event: Conn) -> Iterator[Notice]:
        caller = event.orig_h
        if caller in self._terminals or caller in self._peers or caller in self.scene.excused:
            return
        yield from self._once(event, self._crossing, caller, event.resp_h, "Terminal::Inbound")

    def _stray(self, event: FlowEvent) -> Iterator[Notice]:
        yield from self._once(event, self._crossing, event.orig_h, event.resp_h, "Terminal::Outbound")

    def _once(
        self, event: FlowEvent, table: Table[Any, Targets], source: str, target: str, note: str
    ) -> Iterator[Notice]:
        """One notice of a source in `quiet` seconds, with the targets that it had meanwhile."""
        targets = table.at((event.zone, source, note))
        targets.add(target, event.ts, _KEPT, self.settings.quiet)
        if event.ts < targets.quiet_until:
            return
        targets.quiet_until = event.ts + self.settings.quiet
        values = {"src": event.orig_h, "dst": event.resp_h, "proto": _proto(event), "port": event.resp_p}
        yield self._told(event, note, text(_SENTENCES[note], **values), targets)

    def _touch(self, event: Conn) -> Iterator[Notice]:
        yield from self._once(event, self._touching, event.orig_h, event.resp_h, "Dark::Touched")

    def _leave(self, event: FlowEvent) -> Iterator[Notice]:
        yield from self._once(event, self._out, event.orig_h, event.resp_h, "Egress::Forbidden")

    def _told(self, event: FlowEvent, note: str, msg: str, targets: Targets) -> Notice:
        return self.notice(
            note,
            event.ts,
            msg=msg,
            sub=getattr(event, "service", None) or event.kind,
            uid=event.uid,
            orig_h=event.orig_h,
            orig_p=event.orig_p,
            resp_h=event.resp_h,
            resp_p=event.resp_p,
            proto=_proto(event),
            src=event.orig_h,
            dst=event.resp_h,
            p=event.resp_p,
            n=len(targets.seen),
            zone=event.zone,
            figures={"hosts": len(targets.seen), **_amount(event)},
        )


def _proto(event: FlowEvent) -> str:
    return event.proto if isinstance(event, Conn) else "tcp"


def _amount(event: FlowEvent) -> dict[str, Any]:
    """What a session came to, where it is over."""
    if not isinstance(event, Conn):
        return {"session": "still open"}
    return {
        "orig_bytes": event.orig_bytes or 0,
        "resp_bytes": event.resp_bytes or 0,
        "duration_seconds": event.duration or 0.0,
        "mac": event.orig_l2_addr,
    }


def _answered(event: Conn) -> bool:
    """Did a session come about?"""
    if event.proto == "tcp":
        return bool(event.resp_bytes) or event.conn_state in ("SF", "S1", "S2", "S3", "RSTO")
    return bool(event.resp_pkts)


@lru_cache(maxsize=1 << 14)
def _is_for_all(text: str) -> bool:
    """Broadcast, multicast and link-local addresses: what any device asks its own network."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return True
    return (
        address.is_multicast or address.is_link_local or address.is_unspecified or text == "255.255.255.255"
    )


@lru_cache(maxsize=1 << 14)
def _is_internet(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.is_global and not address.is_multicast
