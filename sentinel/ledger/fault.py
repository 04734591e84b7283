"""What can go wrong with the ledger."""

from __future__ import annotations

from sentinel.text import Message

__all__ = ["LedgerError"]


class LedgerError(Exception):
    """What was asked cannot be done; its text says why and what to do."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.id)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)
