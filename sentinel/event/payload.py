"""`payload`: bytes of a flow in order, for rules only (`product: sentinel`, `service: payload`); never written."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Payload"]


class Payload(FlowEvent, kw_only=True):
    """A stretch of one direction of a TCP stream after reassembly, or one datagram."""

    kind: ClassVar[str] = "payload"

    payload: bytes
    proto: str
    """`tcp`, `udp` or `icmp`."""
    direction: str
    """`to_server` (from the originator) or `to_client`."""
    service: str | None = None
    """Protocol recognised so far."""
