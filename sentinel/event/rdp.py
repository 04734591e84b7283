"""`rdp`: one Remote Desktop connection (Zeek's rdp.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Rdp"]


class Rdp(FlowEvent, kw_only=True):
    """One connection, told once its settings are agreed on or it goes on encrypted."""

    kind: ClassVar[str] = "rdp"

    cookie: str | None = None
    """What the client gave as cookie: often the user's name, cut to 9 characters."""
    result: str | None = None
    """`Success`, `encrypted`, or why the server refused."""
    security_protocol: str | None = None
    """`RDP`, `SSL`, `HYBRID` (CredSSP) or `HYBRID_EX`, as the server chose."""
    client_channels: list[str] | None = None
    """Virtual channels that the client asks for: `rdpdr` (drives), `cliprdr` (clipboard) …"""
    keyboard_layout: str | None = None
    client_build: str | None = None
    """Version of the client."""
    client_name: str | None = None
    client_dig_product_id: str | None = None
    desktop_width: int | None = None
    """Pixels."""
    desktop_height: int | None = None
    requested_color_depth: str | None = None
    """`32bit` …"""
    cert_type: str | None = None
    """`RSA` or `X.509`: what RDP's own encryption uses."""
    cert_count: int
    cert_permanent: bool | None = None
    """The certificate was issued for good, not for the meantime."""
    encryption_level: str | None = None
    encryption_method: str | None = None
