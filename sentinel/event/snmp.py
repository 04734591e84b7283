"""`snmp`: what one flow asked by SNMP (Zeek's snmp.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Snmp"]


class Snmp(FlowEvent, kw_only=True):
    """Written when the flow ends."""

    kind: ClassVar[str] = "snmp"

    duration: float
    """Seconds between the first message and the last."""
    version: str
    """`1`, `2c` or `3`."""
    community: str | None = None
    """Of the first message; of version 3 the first user named."""
    get_requests: int
    """Variables asked by GetRequest and GetNextRequest."""
    get_bulk_requests: int
    get_responses: int
    set_requests: int
    display_string: str | None = None
    """The responder's sysDescr, where it was read."""
    up_since: float | None = None
    """When the responder started, by its sysUpTime; seconds since 1970 UTC."""
