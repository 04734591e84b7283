"""DHCP (RFC 2131): servers that should not be, and clients that are none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from sentinel.detect.detector import Detector, Scene
from sentinel.detect.targets import Targets
from sentinel.event import Dhcp, Notice
from sentinel.network import NetworkSet
from sentinel.text import text

__all__ = ["DhcpWatch"]


class DhcpWatch(Detector):
    """`DHCP::Rogue_Server`: a server that is not configured answers, or, where none is configured, a second one
    answers the same client. `DHCP::Starvation`: very many hardware addresses ask for an address at once.
    """

    name: ClassVar[str] = "dhcp"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._known = NetworkSet(self.settings.dhcp.servers)
        self._told = self.table(Targets, 0.1)
        self._clients = self.table(Targets, 0.1)
        self.reads = {"dhcp": self._see}

    def _see(self, events: Sequence[Dhcp]) -> Iterator[Notice]:
        for event in events:
            yield from self._servers(event)
            if "DISCOVER" in event.msg_types and event.mac:
                yield from self._starve(event)

    def _servers(self, event: Dhcp) -> Iterator[Notice]:
        servers = event.servers or ([event.server_addr] if event.server_addr else [])
        if self._known.empty:  # which of them is wrong nobody knows: they are told together
            strange = servers[1:2]
        else:
            strange = [server for server in servers if server not in self._known]
        for server in strange:
            told = self._told.at(None if self._known.empty else server)
            if event.ts < told.quiet_until:
                continue
            told.quiet_until = event.ts + self.settings.quiet
            yield self.notice(
                "DHCP::Rogue_Server",
                event.ts,
                msg=text("detect.dhcp-server", server=server, mac=event.mac or "-", all=", ".join(servers)),
                sub=", ".join(servers),
                uid=event.uids[0] if event.uids else None,
                src=server,
                dst=event.client_addr,
                p=67,
                n=len(servers),
                figures={
                    "servers": len(servers),
                    "configured": not self._known.empty,
                    "assigned": event.assigned_addr,
                    "client_mac": event.mac,
                },
            )

    def _starve(self, event: Dhcp) -> Iterator[Notice]:
        dhcp, ts = self.settings.dhcp, event.ts
        clients = self._clients.at("all")
        if not clients.add(event.mac, ts, dhcp.clients, dhcp.window) or ts < clients.quiet_until:
            return
        found = clients.reached(dhcp.clients, ts, dhcp.window)
        if not found:
            return
        clients.quiet_until = ts + self.settings.quiet
        yield self.notice(
            "DHCP::Starvation",
            ts,
            msg=text("detect.dhcp-starvation", number=found, seconds=round(dhcp.window)),
            sub=clients.shown(),
            uid=event.uids[0] if event.uids else None,
            dst=event.server_addr,
            n=found,
            figures={"clients": found, "threshold": dhcp.clients, "window_seconds": dhcp.window},
        )
