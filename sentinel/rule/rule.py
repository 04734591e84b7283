"""The documents of Sigma that run (rule, correlation, filter), and the problem: one that does not."""

from __future__ import annotations

import datetime
from pathlib import Path

import msgspec

from sentinel.event import Level
from sentinel.rule.condition import Node
from sentinel.rule.fault import Fault
from sentinel.rule.restraint.threshold import Threshold
from sentinel.text import current_language, text

__all__ = ["Document", "Filter", "LogSource", "Rule", "RuleProblem"]


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


class Document(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What all sorts of document say of themselves."""

    id: str
    """A UUID; for documents of others whatever they call themselves."""
    name: str | None = None
    """What correlations and filters may call it instead of its id."""
    title: str
    """What happened, in Chinese for rules of our own."""
    title_en: str | None = None
    level: Level
    status: str | None = None
    description: str | None = None
    description_en: str | None = None
    respond: str | None = None
    """What the duty officer does first."""
    respond_en: str | None = None
    tags: tuple[str, ...] = ()
    category: str | None = None
    """GB/T 20986-2023 category code."""
    references: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    author: str | None = None
    date: datetime.date | None = None
    threshold: Threshold | None = None
    """How it wants its alerts to be restrained."""
    path: Path
    line: int
    """Where the document begins in its file, from 1."""

    @property
    def told_description(self) -> str | None:
        """The description in the language of the day, else as it was written."""
        return (current_language() == "en" and self.description_en) or self.description

    @property
    def told_respond(self) -> str | None:
        """What to do first, likewise."""
        return (current_language() == "en" and self.respond_en) or self.respond


class Rule(Document, frozen=True, eq=False, kw_only=True):
    """One detection that runs. Equality is identity: the same id may be loaded again from another file."""

    logsource: LogSource
    kinds: tuple[str, ...]
    """Kinds of event it looks at; empty for another product's."""
    condition: Node


class Filter(Document, frozen=True, eq=False, kw_only=True):
    """A Sigma filter: what must hold besides a rule's own condition. A site's allow-lists are written so."""

    logsource: LogSource
    """Only rules about (a part of) these events are filtered."""
    rules: tuple[str, ...] | None
    """Ids or names of rules and correlations; None for every rule."""
    condition: Node


class RuleProblem(msgspec.Struct, frozen=True):
    """Why a document does not run, and what to do about it."""

    path: Path
    line: int
    rule: str
    """The rule's id, or its title, or the file's name."""
    fault: Fault
    informational: bool = False
    """True where the document runs nevertheless."""

    @property
    def reason(self) -> str:
        """See `Fault`."""
        return self.fault.reason

    @property
    def remedy(self) -> str:
        """See `Fault`."""
        return self.fault.remedy

    def __str__(self) -> str:
        values = {"place": f"{self.path}:{self.line}", "rule": self.rule}
        told = text("rule.problem", **values, reason=self.reason, remedy=self.remedy)
        return f"{told}{text('rule.runs-nevertheless')}" if self.informational else told
