"""What can go wrong when people handle incidents."""

from __future__ import annotations

from sentinel.text import MessageError

__all__ = ["IncidentError"]


class IncidentError(MessageError):
    """What was asked cannot be done; its text says why and what to do."""
