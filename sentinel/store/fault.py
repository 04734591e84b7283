"""What can go wrong with the store."""

from __future__ import annotations

from sentinel.text import MessageError

__all__ = ["StoreError", "StoreUnavailable"]


class StoreError(MessageError):
    """The database cannot be used; its text says why and what to do."""


class StoreUnavailable(StoreError):
    """It cannot be written now (locked, disk full, unreadable); trying again later may work."""
