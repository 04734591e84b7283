"""What can go wrong with playbooks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sentinel.text import Message, MessageError

__all__ = ["ActionFailed", "PlaybookError", "PlaybookProblem"]


class PlaybookError(MessageError):
    """Something asked of playbooks cannot be done; its text says why."""


class ActionFailed(PlaybookError):
    """An action did not do what it should, and knows that it did not."""


@dataclass(frozen=True, slots=True)
class PlaybookProblem:
    """Something wrong in a playbook's file. With a problem that is no mere warning it does not run."""

    path: Path
    step: str
    """Empty where it is not about one step."""
    message: Message
    warning: bool = False

    def __str__(self) -> str:
        where = f"{self.path}: {self.step}" if self.step else str(self.path)
        return f"{where}: {self.message}"
