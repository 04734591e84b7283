"""`ike`: one IPsec negotiation (our own kind)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Ike"]


class Ike(FlowEvent, kw_only=True):
    """Written when the other side answers, or at the end of the flow."""

    kind: ClassVar[str] = "ike"

    version: str
    """`1.0`, `2.0`"""
    exchange: str
    """The first one seen: `main_mode`, `aggressive_mode`, `ike_sa_init` …"""
    initiator_spi: str
    responder_spi: str | None = None
    """Absent where nobody answered."""
    vendor_ids: list[str] | None = None
    """What products say of themselves (hex, or text where it is), both sides."""
