"""Signs: what people should hear about a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sentinel.playbook.journal import Run

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Sign", "Tell"]


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that people should hear about."""

    kind: str
    """`waiting` (for an owner or for approval), `late`, `unknown`, `failed` (a step), `ended` (a run), `undone`."""
    run: Run
    key: str = ""
    owner: str = ""
    text: str = ""
    due: float | None = None


Tell = Callable[["Database", Sign], None]
"""Told of a sign inside the transaction that makes it true, so that a message about it can be queued in the same."""
