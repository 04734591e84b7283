"""Protocols that are only named: nothing more of theirs is told, or can be read."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.tunnel import Tunnel
from sentinel.protocol.analyzer import Analyzer

__all__ = ["Recognised", "Sealed"]


class Recognised(Analyzer):
    """Let go as soon as it is known."""

    encrypted = False

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Nothing more is wanted."""
        self.done = True


class Sealed(Recognised):
    """A tunnel whose inside is ciphertext. A `tunnel` event names it at once, long before its flow ends."""

    tunnel_type: ClassVar[str]
    encrypted = True

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """The first message is all that can be read."""
        if not self.done:
            self.emit(Tunnel(ts=ts, **self.whose, tunnel_type=self.tunnel_type, action="Tunnel::DISCOVER"))
        self.done = True
