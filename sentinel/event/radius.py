"""`radius`: one log-in at a RADIUS server (Zeek's radius.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Radius"]


class Radius(FlowEvent, kw_only=True):
    """From the first request to the verdict, challenges included."""

    kind: ClassVar[str] = "radius"

    username: str | None = None
    mac: str | None = None
    """Calling-Station-Id, where it is a MAC address."""
    framed_addr: str | None = None
    """Address given to the client."""
    tunnel_client: str | None = None
    """Tunnel-Client-Endpoint: where a VPN's client is."""
    connect_info: str | None = None
    reply_msg: str | None = None
    result: str
    """`success`, `failed`, or `unknown` where no verdict was seen."""
    ttl: float | None = None
    """Seconds from the first request to the verdict."""
