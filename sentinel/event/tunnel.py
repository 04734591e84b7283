"""`tunnel`: an encapsulation seen beginning or ending (Zeek's tunnel.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Tunnel"]


class Tunnel(FlowEvent, kw_only=True):
    """One carrier between two tunnel ends. Ports are 0 for carriers without ports (GRE, IP-in-IP)."""

    kind: ClassVar[str] = "tunnel"

    tunnel_type: str
    """`Tunnel::GRE`, `Tunnel::VXLAN`, `Tunnel::GENEVE`, `Tunnel::IP`, `Tunnel::GTPv1`, `Tunnel::TEREDO`,
    `Tunnel::HTTP`, `Tunnel::SOCKS`; ours: `Tunnel::WIREGUARD`, `Tunnel::OPENVPN`."""
    action: str
    """`Tunnel::DISCOVER`, `Tunnel::CLOSE` or `Tunnel::EXPIRE`."""
    vpn: str | None = None
    """The network that the first packet inside belongs to, where the encapsulation names one: `vni 5001`,
    `label 3001`, `gre_key 7` (`flow.zones` can give it a name)."""
