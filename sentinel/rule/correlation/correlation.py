"""The Correlation: one Sigma correlation document, as it was written and as it runs."""

from __future__ import annotations

import enum
import hashlib

import msgspec

from sentinel.rule.correlation.expression import Bounds, Expression
from sentinel.rule.rule import Document

__all__ = ["SECOND", "Correlation", "CorrelationType"]

SECOND = 1_000_000
"""Time within correlations is whole microseconds, so that a window's edge is exact."""


class CorrelationType(enum.StrEnum):
    """What is counted (Sigma correlation rules, "Correlation Types")."""

    EVENT_COUNT = "event_count"
    VALUE_COUNT = "value_count"
    TEMPORAL = "temporal"
    TEMPORAL_ORDERED = "temporal_ordered"
    VALUE_SUM = "value_sum"
    VALUE_AVG = "value_avg"
    VALUE_PERCENTILE = "value_percentile"
    VALUE_MEDIAN = "value_median"

    @property
    def temporal(self) -> bool:
        """Is it about which rules matched, rather than about a number?"""
        return self in (CorrelationType.TEMPORAL, CorrelationType.TEMPORAL_ORDERED)

    @property
    def of_values(self) -> bool:
        """Does it look into a field?"""
        return self.value.startswith("value_")


class Correlation(Document, frozen=True, eq=False, kw_only=True):
    """Matches of rules that hold together: so many, of so many values, all of these, in this order."""

    type: CorrelationType
    rules: tuple[str, ...]
    """Its rules, in the order of writing: references as written, ids once it is linked."""
    timespan: int
    """Microseconds. Two events that far apart are still within it."""
    group_by: tuple[str, ...] = ()
    """Fields (or aliases) whose values must agree; a match that lacks one belongs to no group."""
    aliases: dict[str, dict[str, str]]
    """For each alias, the name of the field in the matches of each rule."""
    condition: Bounds | Expression
    fields: tuple[str, ...] = ()
    """What the `value_` types look at; `value_count` may count combinations of several."""
    percentile: float | None = None
    """0 to 100, of `value_percentile`."""
    graded: bool = True
    """Does it set a level of its own? Otherwise it has the highest of its rules."""
    generate: bool = False
    """Do its rules alert by themselves as well?"""

    @property
    def signature(self) -> str:
        """The same for correlations that say the same: what one remembers, the other can go on with."""
        said = (
            self.type, self.rules, self.timespan, self.group_by, self.aliases,
            self.condition, self.fields, self.percentile,
        )  # fmt: skip
        return hashlib.sha1(msgspec.json.encode(said), usedforsecurity=False).hexdigest()

    def field_of(self, name: str, rule: str) -> str:
        """What `name` (a field or an alias) is called in the matches of `rule`."""
        alias = self.aliases.get(name)
        return name if alias is None else alias.get(rule, name)
