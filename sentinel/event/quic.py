"""`quic`: one QUIC connection's handshake (Zeek's quic.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Quic"]


class Quic(FlowEvent, kw_only=True):
    """One attempt to connect: written when it is closed, sent to retry, or at the end of the flow."""

    kind: ClassVar[str] = "quic"

    version: str
    """Of the first long header: `1`, `quicv2`, `draft-29`, `unknown-<hex>` …"""
    client_initial_dcid: str | None = None
    """The client's first destination connection ID (hex): the Initial keys come from it."""
    client_scid: str | None = None
    """The client's own connection ID, hex."""
    server_scid: str | None = None
    """The server's own connection ID, hex."""
    server_name: str | None = None
    """SNI of the ClientHello."""
    client_protocol: str | None = None
    """First ALPN name of the ClientHello."""
    history: str | None = None
    """Zeek's letters: I Initial, H Handshake, Z 0-RTT, R Retry, C CONNECTION_CLOSE, S hello, U unknown version,
    X discarded, O the 1st, 2nd, 4th … short-header packet; the client's upper case."""
