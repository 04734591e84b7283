"""What can go wrong with the ledger."""

from __future__ import annotations

from sentinel.text import MessageError

__all__ = ["LedgerError"]


class LedgerError(MessageError):
    """What was asked cannot be done; its text says why and what to do."""
