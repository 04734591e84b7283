"""Log-ins of protocols that have no log of their own in Zeek: told as `auth`, as services' own logs are."""

from __future__ import annotations

from sentinel.event.auth import Auth
from sentinel.protocol.analyzer import Endpoints

__all__ = ["login"]

SOURCE = "traffic"
"""`auth.source` of what was seen on the wire."""


def login(
    flow: Endpoints, ts: float, service: str, user: str | None, success: bool, method: str, message: str
) -> Auth:
    """One attempt on this flow."""
    return Auth(
        ts=ts,
        source=SOURCE,
        uid=flow.uid,
        host=flow.resp_h,
        service=service,
        user=user,
        src=flow.orig_h,
        src_port=flow.orig_p,
        success=success,
        method=method,
        message=message or None,
    )
