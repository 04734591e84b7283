"""What can go wrong in the duty book."""

from __future__ import annotations

from sentinel.text import MessageError

__all__ = ["DutyError"]


class DutyError(MessageError):
    """Something that the duty book does not take; its text says why and what to do."""
