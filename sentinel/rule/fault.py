"""What keeps one document from running."""

from __future__ import annotations

__all__ = ["DocumentFault"]


class DocumentFault(ValueError):
    """A document that does not run: its text says why."""

    def __init__(self, key: str, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.key = key
        """The line to look at begins with this."""
        self.remedy = remedy
        """What to write instead."""
