"""`payload`: bytes of a flow in order, for rules only (`product: sentinel`, `service: payload`); never written."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar, Protocol

from sentinel.event.event import FlowEvent

__all__ = ["Payload", "Stretch"]


class Stretch(Protocol):
    """Bytes on their way to payload rules, before anyone needs an event of them: most never do."""

    @property
    def payload(self) -> bytes: ...
    @property
    def proto(self) -> str: ...
    @property
    def key(self) -> Hashable:
        """The flow and direction."""

    def event(self) -> Payload:
        """The event."""


class Payload(FlowEvent, kw_only=True):
    """A stretch of one direction of a TCP stream after reassembly, or one datagram."""

    kind: ClassVar[str] = "payload"

    payload: bytes
    proto: str
    """`tcp`, `udp` or `icmp`."""
    direction: str
    """`to_server` (from the originator) or `to_client`."""
    service: str | None = None
    """Protocol recognised so far."""

    @property
    def key(self) -> Hashable:
        """The flow and direction."""
        return (self.uid, self.direction)

    def event(self) -> Payload:
        """Itself: an event is a stretch too."""
        return self
