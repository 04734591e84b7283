"""`dnp3`: one request to an outstation and its reply (Zeek's dnp3.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Dnp3"]


class Dnp3(FlowEvent, kw_only=True):
    """Written with the reply, or at the end of the flow."""

    kind: ClassVar[str] = "dnp3"

    fc_request: str | None = None
    """`READ`, `OPERATE`, `COLD_RESTART` …"""
    fc_reply: str | None = None
    """`RESPONSE`, `UNSOLICITED_RESPONSE` …"""
    iin: int | None = None
    """Internal indications, both bytes as one number."""
