"""Settings of decoding."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DecodeSettings"]


@dataclass(frozen=True, slots=True)
class DecodeSettings:
    """How frames become packets."""

    checksums: bool = False
    """Verify IP, TCP, UDP and ICMP checksums. A wrong one is history `C` and a weird event, and its bytes are not read."""
    max_depth: int = 4
    """Encapsulations looked into before a packet is `too_deep`."""
    vxlan_ports: tuple[int, ...] = (4789, 8472)
    geneve_ports: tuple[int, ...] = (6081,)
    gtp_ports: tuple[int, ...] = (2152,)
    teredo_ports: tuple[int, ...] = (3544,)
    max_fragmented: int = 1024
    """Datagrams under reassembly at once; the oldest gives way."""
    fragment_timeout: float = 30.0
    """Seconds (packet time) a datagram waits for its fragments."""
