"""Protocols that are only named (`conn.service`): nothing of theirs is told, or can be read."""

from __future__ import annotations

from typing import ClassVar

from sentinel.protocol.analyzer import Analyzer

__all__ = ["Recognised"]


class Recognised(Analyzer):
    """Let go as soon as it is known."""

    encrypted = False

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Nothing more is wanted."""
        self.done = True


class Sealed(Recognised):
    """What follows is ciphertext: payload rules find nothing in it."""

    encrypted = True
    whole: ClassVar[bool] = False
