"""What can go wrong in the duty book."""

from __future__ import annotations

from sentinel.text import Message

__all__ = ["DutyError"]


class DutyError(Exception):
    """Something that the duty book does not take; its text says why and what to do."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.id)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)
