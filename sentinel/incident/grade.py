"""The level of an incident: which clauses its measured facts seem to meet. A person decides.

Source: annex to 《国家网络安全事件报告管理办法》, in force since 2025-11-01. "以上" includes the number itself. The
clauses are data (`clauses.yaml`, or a site's own file), since some numbers are still the draft's of 2023.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from sentinel.incident.fault import IncidentError
from sentinel.text import Message, current_language

__all__ = ["ORDINARY", "REPORTABLE", "Clause", "Grading"]

REPORTABLE: Final = 3
"""Level 3 (较大) and above (smaller numbers) must be reported: article 5 of the measures."""
ORDINARY: Final = 4
_SHIPPED: Final = Path(__file__).with_name("clauses.yaml")


class Clause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fact that reaches `least` meets it."""

    id: str
    level: int
    """1 特别重大, 2 重大, 3 较大."""
    fact: str
    least: float
    verified: bool
    """Checked against the text in force."""
    zh: str
    en: str


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class Grading:
    """All clauses."""

    clauses: tuple[Clause, ...]

    @classmethod
    def load(cls, path: str = "") -> Grading:
        """From a file; empty for the clauses that come along. Raises IncidentError."""
        file = Path(path) if path else _SHIPPED
        try:
            document = msgspec.yaml.decode(file.read_bytes(), type=_Document)
        except (OSError, msgspec.MsgspecError, ValueError) as error:
            raise IncidentError(Message("incident.bad-clauses", path=file, reason=error)) from error
        for clause in document.clauses:
            if not 1 <= clause.level < ORDINARY:
                reason = f"{clause.id}: level {clause.level}"
                raise IncidentError(Message("incident.bad-clauses", path=file, reason=reason))
        return cls(document.clauses)

    @classmethod
    def load_or_shipped(
        cls, path: str, tell: Callable[[IncidentError], None] = lambda error: None
    ) -> Grading:
        """From a file, or the clauses that come along where it cannot be used, which `tell` hears of."""
        try:
            return cls.load(path)
        except IncidentError as error:
            tell(error)
            return cls.load()

    @property
    def facts(self) -> tuple[str, ...]:
        """Names of all facts that matter, each once."""
        return tuple(dict.fromkeys(clause.fact for clause in self.clauses))

    def examples(self) -> list[str]:
        """Each fact with the first clause that it can meet, in words: `people (影响 10 万人以上的工作、生活)`."""
        first = {clause.fact: clause for clause in reversed(self.clauses)}
        english = current_language() == "en"
        return [f"{fact} ({first[fact].en if english else first[fact].zh})" for fact in self.facts]

    def met(self, facts: Mapping[str, float]) -> tuple[Clause, ...]:
        """The clauses that `facts` meet, gravest first."""
        held = (clause for clause in self.clauses if facts.get(clause.fact, 0) >= clause.least)
        return tuple(sorted(held, key=lambda clause: clause.level))

    def suggest(self, facts: Mapping[str, float]) -> int:
        """The level that `facts` suggest: 4 (一般) where no clause is met."""
        return min((clause.level for clause in self.met(facts)), default=ORDINARY)
