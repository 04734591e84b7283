"""`kerberos`: one request for a ticket, or a ticket shown to a service (Zeek's kerberos.log)."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from sentinel.event.event import FlowEvent

__all__ = ["Kerberos"]


class Kerberos(FlowEvent, kw_only=True):
    """One exchange with the key distribution centre, or one ticket shown inside another protocol."""

    kind: ClassVar[str] = "kerberos"

    request_type: str | None = None
    """`AS` (log-in), `TGS` (ticket for a service), `AP` (ticket shown)."""
    client: str | None = None
    """`name/REALM`."""
    service: str | None = None
    success: bool | None = None
    error_code: int | None = None
    """RFC 4120 section 7.5.9."""
    error_msg: str | None = None
    """The error's own text, or else its name."""
    from_: float | None = msgspec.field(name="from", default=None)
    """Seconds since 1970 UTC from which the ticket was asked for."""
    till: float | None = None
    """Seconds since 1970 UTC until which the ticket was asked for."""
    cipher: str | None = None
    """How the ticket is encrypted: `rc4-hmac`, `aes256-cts-hmac-sha1-96` …"""
    forwardable: bool | None = None
    renewable: bool | None = None
