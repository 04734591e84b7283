"""Why a message was not delivered."""

from __future__ import annotations

__all__ = ["DeliveryError"]


class DeliveryError(Exception):
    """The channel did not take it. Its text holds no secret: neither address nor headers."""
