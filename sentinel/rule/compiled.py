"""What rule files became: documents that run, and problems for those that do not."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sentinel.rule.correlation.correlation import Correlation
from sentinel.rule.rule import Document, Filter, Rule, RuleProblem

__all__ = ["Compiled"]


class Compiled(msgspec.Struct, array_like=True):
    """Of one file, or of all."""

    rules: list[Rule] = []
    correlations: list[Correlation] = []
    filters: list[Filter] = []
    problems: list[RuleProblem] = []

    def documents(self) -> Iterator[Document]:
        """Whatever runs."""
        yield from self.rules
        yield from self.correlations
        yield from self.filters

    def add(self, made: Document | RuleProblem) -> None:
        """Put one where it belongs."""
        if isinstance(made, Rule):
            self.rules.append(made)
        elif isinstance(made, Correlation):
            self.correlations.append(made)
        elif isinstance(made, Filter):
            self.filters.append(made)
        elif isinstance(made, RuleProblem):
            self.problems.append(made)
