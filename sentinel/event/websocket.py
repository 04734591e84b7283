"""`websocket`: one connection that HTTP handed over to WebSocket (Zeek's websocket.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Websocket"]


class Websocket(FlowEvent, kw_only=True):
    """The handshake (RFC 6455 section 4), told when the server agrees."""

    kind: ClassVar[str] = "websocket"

    host: str | None = None
    uri: str | None = None
    user_agent: str | None = None
    subprotocol: str | None = None
    """What the server chose."""
    client_protocols: list[str] | None = None
    """What the client offered."""
    server_extensions: list[str] | None = None
    client_extensions: list[str] | None = None
