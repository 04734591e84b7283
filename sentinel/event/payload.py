"""`payload`: bytes of a flow in order, for rules only (`product: sentinel`, `service: payload`); never written."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from sentinel.event.event import FlowEvent

__all__ = ["Payload", "Stretches"]


class Stretches(Protocol):
    """Bytes of many directions in one piece, on their way to payload rules: few ever become events.

    A stretch is known by its number. `text[begin:end]` is what rules look at: its own bytes behind the last
    ones of the stretch before it in its direction.
    """

    @property
    def text(self) -> bytes:
        """All stretches one after another, each followed by a line feed."""

    @property
    def begins(self) -> NDArray[np.int64]:
        """Where each begins in `text`."""

    @property
    def ends(self) -> NDArray[np.int64]:
        """Where each ends, in rising order."""

    def first(self, number: int) -> bool:
        """Are these the first bytes of their direction? Every datagram's are."""

    def key(self, number: int) -> Hashable:
        """The flow and direction; None where rules have no business (any more)."""

    def event(self, number: int) -> Payload:
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
