"""What can go wrong with the store."""

from __future__ import annotations

from sentinel.text import Message

__all__ = ["StoreError", "StoreUnavailable"]


class StoreError(Exception):
    """The database cannot be used; its text says why and what to do."""

    def __init__(self, id: str, /, **values: object) -> None:
        super().__init__(id)
        self.message = Message(id, **values)

    def __str__(self) -> str:
        return str(self.message)


class StoreUnavailable(StoreError):
    """It cannot be written now (locked, disk full, unreadable); trying again later may work."""
