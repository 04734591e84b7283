"""`rfb`: one VNC session's beginning (Zeek's rfb.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Rfb"]


class Rfb(FlowEvent, kw_only=True):
    """Written once the screen is known, the log-in failed, or the flow ended."""

    kind: ClassVar[str] = "rfb"

    client_major_version: str | None = None
    """`003`"""
    client_minor_version: str | None = None
    server_major_version: str | None = None
    server_minor_version: str | None = None
    authentication_method: str | None = None
    """`None`, `VNC`, `Tight`, `VeNCrypt`, `Apple Remote Desktop` …"""
    auth: bool | None = None
    """Did the server accept?"""
    share_flag: bool | None = None
    desktop_name: str | None = None
    width: int | None = None
    height: int | None = None
