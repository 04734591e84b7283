"""The Rule: one Sigma detection, compiled; and the problem: one document that does not run."""

from __future__ import annotations

import datetime
from pathlib import Path

import msgspec

from sentinel.event import Level
from sentinel.rule.condition import Node

__all__ = ["LogSource", "Rule", "RuleProblem"]


class LogSource(msgspec.Struct, frozen=True):
    """Sigma's `logsource`: which events a rule is about."""

    product: str | None = None
    category: str | None = None
    service: str | None = None

    def covers(self, other: LogSource) -> bool:
        """Is everything that `other` means among what this means? What is not named is not asked."""
        return all(
            mine is None or mine == theirs
            for mine, theirs in (
                (self.product, other.product),
                (self.category, other.category),
                (self.service, other.service),
            )
        )


class Rule(msgspec.Struct, frozen=True, eq=False):
    """One rule that runs. Equality is identity: the same id may be loaded again from another file."""

    id: str
    """UUID."""
    title: str
    """What happened, in Chinese for rules of our own."""
    title_en: str | None
    level: Level
    status: str | None
    description: str | None
    respond: str | None
    """What the duty officer does first."""
    tags: tuple[str, ...]
    category: str | None
    """GB/T 20986-2023 category code."""
    logsource: LogSource
    kinds: tuple[str, ...]
    """Kinds of event it looks at; empty for another product's."""
    condition: Node
    references: tuple[str, ...]
    falsepositives: tuple[str, ...]
    author: str | None
    date: datetime.date | None
    path: Path
    line: int
    """Where the document begins in its file, from 1."""


class RuleProblem(msgspec.Struct, frozen=True):
    """Why a document does not run, and what to do about it."""

    path: Path
    line: int
    rule: str
    """The rule's id, or its title, or the file's name."""
    reason: str
    remedy: str
    informational: bool = False
    """True where nothing is wrong with the document: we do not run its sort yet."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.reason}. {self.remedy}"
