"""`smtp`: one mail transaction (Zeek's smtp.log)."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from sentinel.event.event import FlowEvent

__all__ = ["Smtp"]


class Smtp(FlowEvent, kw_only=True):
    """One message offered, or a connection that turned to TLS, or a refused log-in."""

    kind: ClassVar[str] = "smtp"

    trans_depth: int
    """Which message of its connection, from 1."""
    helo: str | None = None
    mailfrom: str | None = None
    rcptto: list[str] | None = None
    date: str | None = None
    from_: str | None = msgspec.field(name="from", default=None)
    to: list[str] | None = None
    cc: list[str] | None = None
    reply_to: str | None = None
    msg_id: str | None = None
    in_reply_to: str | None = None
    subject: str | None = None
    """Decoded (RFC 2047)."""
    x_originating_ip: str | None = None
    first_received: str | None = None
    second_received: str | None = None
    last_reply: str | None = None
    path: list[str] | None = None
    """Addresses on the message's way, last first."""
    user_agent: str | None = None
    tls: bool
    """The connection changed to TLS."""
    auth_mechanism: str | None = None
    """Of AUTH (RFC 4954): PLAIN, LOGIN …"""
    auth_user: str | None = None
    """Who logged in, where the mechanism tells it in clear; never the secret."""
    auth_success: bool | None = None
    filenames: list[str] | None = None
    """Names of attachments."""
