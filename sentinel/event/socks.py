"""`socks`: one request to a SOCKS proxy (Zeek's socks.log)."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from sentinel.event.event import FlowEvent

__all__ = ["Socks"]


class Socks(FlowEvent, kw_only=True):
    """Who wanted to be connected whither."""

    kind: ClassVar[str] = "socks"

    version: int
    user: str | None = None
    password: str | None = None
    status: str | None = None
    """`succeeded`, or why not; a refused log-in is `general SOCKS server failure`."""
    request_host: str | None = msgspec.field(name="request.host", default=None)
    request_name: str | None = msgspec.field(name="request.name", default=None)
    request_p: int | None = None
    bound_host: str | None = msgspec.field(name="bound.host", default=None)
    bound_name: str | None = msgspec.field(name="bound.name", default=None)
    bound_p: int | None = None
