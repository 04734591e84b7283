"""`ldap`: one LDAP operation that is no search (Zeek's ldap.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Ldap"]


class Ldap(FlowEvent, kw_only=True):
    """One request with its result."""

    kind: ClassVar[str] = "ldap"

    message_id: int
    version: int | None = None
    """Of the protocol, in a bind."""
    opcode: str | None = None
    """`bind simple`, `bind SASL`, `unbind`, `modify`, `add`, `delete`, `compare`, `abandon`, `extended` …"""
    result: str | None = None
    """`success`, `invalid credentials` …"""
    diagnostic_message: str | None = None
    """The server's own words."""
    object: str | None = None
    """Whom or what it is about: a distinguished name, or an extended operation."""
    argument: str | None = None
    """What was changed, the SASL mechanism, or `REDACTED` for a password."""
