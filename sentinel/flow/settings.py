"""Settings of flows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["FlowSettings", "ZoneSettings"]


@dataclass(frozen=True, slots=True)
class ZoneSettings:
    """A network in which addresses are unique: overlapping addresses of two zones are two hosts."""

    name: str
    vlans: tuple[int, ...] = ()
    """VLAN ids whose traffic belongs to the zone."""
    vnis: tuple[int, ...] = ()
    """Virtual network identifiers of VXLAN and Geneve whose traffic belongs to the zone."""
    labels: tuple[int, ...] = ()
    """MPLS labels whose traffic does: of a VPN both directions' (each router chooses its own)."""
    gre_keys: tuple[int, ...] = ()
    """Keys of GRE tunnels whose traffic does."""
    interfaces: tuple[str, ...] = ()
    """Capture interfaces whose otherwise unassigned traffic does."""

    def members(self) -> Iterator[tuple[str, int | str]]:
        """All that belongs to the zone: each with the name of the setting that lists it."""
        for name in ("vlans", "vnis", "labels", "gre_keys", "interfaces"):
            for member in getattr(self, name):
                yield name, member


@dataclass(frozen=True, slots=True)
class FlowSettings:
    """How packets become flows."""

    max_flows: int = 1_000_000
    """Flows held at once; past that the longest idle give way."""
    tcp_timeout: float = 300.0
    """Seconds without a packet after which an established TCP flow is closed."""
    tcp_attempt_timeout: float = 30.0
    """The same for a TCP flow that was never established."""
    tcp_closed_timeout: float = 5.0
    """The same after both sides closed or one reset."""
    udp_timeout: float = 60.0
    icmp_timeout: float = 60.0
    tunnel_timeout: float = 3600.0
    inspect_bytes: int = 16384
    """Bytes of each direction handed to the protocols; an analyzer may ask for more or less. 0: flows are only counted."""
    reassembly_bytes: int = 32 << 20
    """Bytes kept in all for segments out of order and for comparing retransmissions."""
    reassembly_flow_bytes: int = 262144
    """Bytes out of order kept for one direction of one flow."""
    zones: tuple[ZoneSettings, ...] = ()
    local_networks: tuple[str, ...] = field(
        default=("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10")
    )
    """Prefixes that count as local (`local_orig`, `local_resp`); declare the extranet's own, public-looking ones here."""
