"""Which document each reference of a correlation means, and what follows from it for the rules themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from sentinel.rule.correlation.correlation import Correlation
from sentinel.rule.correlation.expression import (
    Bounds,
    Conjunction,
    Disjunction,
    Expression,
    Member,
    Negation,
)
from sentinel.rule.fault import Fault
from sentinel.rule.names import Names
from sentinel.rule.rule import Document, Rule, RuleProblem

__all__ = ["Links", "link"]


@dataclass(frozen=True, slots=True)
class Links:
    """Correlations with their rules found."""

    correlations: tuple[Correlation, ...] = ()
    """Those that run, their `rules`, aliases and conditions by id; what one builds on stands before it."""
    silent: frozenset[str] = frozenset()
    """Ids of rules and correlations that only serve others and do not alert by themselves."""
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For each rule that a correlation builds on, the fields that its matches must tell."""


def link(rules: Sequence[Rule], correlations: Sequence[Correlation]) -> tuple[Links, list[RuleProblem]]:
    """Find what each correlation refers to. One that leads nowhere is a problem of its own, of no other.

    A count goes on with the rules that are there; a temporal correlation needs them all.
    """
    linker = _Linker(rules, correlations)
    for correlation in correlations:
        linker.settle(correlation)
    return linker.links(), linker.problems


class _Linker:
    def __init__(self, rules: Sequence[Rule], correlations: Sequence[Correlation]) -> None:
        self._names = Names([*rules, *correlations])
        self._settled: dict[str, Correlation | None] = {}
        self._under_way: set[str] = set()
        self.problems: list[RuleProblem] = []

    def settle(self, correlation: Correlation) -> Correlation | None:
        """Link one, after what it builds on; None where it cannot run."""
        if correlation.id in self._settled:
            return self._settled[correlation.id]
        self._under_way.add(correlation.id)
        bases: dict[str, Document] = {}
        missing: list[Fault] = []
        for reference in correlation.rules:
            base = self._base(reference)
            if isinstance(base, Fault):
                missing.append(base)
            else:
                bases[reference] = base
        self._under_way.discard(correlation.id)
        runs = bool(bases) and not (missing and correlation.type.temporal)
        self.problems += [
            RuleProblem(correlation.path, correlation.line, correlation.id, fault, informational=runs)
            for fault in missing
        ]
        linked = _linked(correlation, bases) if runs else None
        self._settled[correlation.id] = linked
        return linked

    def _base(self, reference: str) -> Document | Fault:
        base = self._names.find(reference)
        if not isinstance(base, Correlation):
            return base
        if base.id in self._under_way:
            return Fault.of("reference-to-itself", reference=reference)
        return self.settle(base) or Fault.of("reference-down", reference=reference)

    def links(self) -> Links:
        running = [correlation for correlation in self._settled.values() if correlation is not None]
        generated = {rule for one in running if one.generate for rule in one.rules}
        serving = {rule for one in running for rule in one.rules}
        asked: dict[str, dict[str, None]] = {}
        by_id = {one.id: one for one in running}
        for one in running:
            for rule in one.rules:
                _ask(rule, [one.field_of(name, rule) for name in (*one.group_by, *one.fields)], by_id, asked)
        return Links(
            tuple(running),
            frozenset(serving - generated),
            {rule: tuple(names) for rule, names in asked.items()},
        )


def _ask(
    rule: str, names: Iterable[str], by_id: Mapping[str, Correlation], asked: dict[str, dict[str, None]]
) -> None:
    """Have the matches of `rule` tell the fields `names`; those of a correlation, the events beneath it."""
    correlation = by_id.get(rule)
    if correlation is None:
        asked.setdefault(rule, {}).update(dict.fromkeys(names))
        return
    for beneath in correlation.rules:
        _ask(beneath, [correlation.field_of(name, beneath) for name in names], by_id, asked)


def _linked(correlation: Correlation, bases: Mapping[str, Document]) -> Correlation:
    """With ids in place of references, and a level."""
    called: dict[str, str] = {}
    for reference, base in bases.items():
        called |= dict(_calls(reference, base))
    level = correlation.level
    if not correlation.graded:
        level = max((base.level for base in bases.values()), key=lambda one: one.rank)
    condition = correlation.condition
    return replace(
        correlation,
        level=level,
        rules=tuple(dict.fromkeys(base.id for base in bases.values())),
        aliases={
            alias: {called.get(rule, rule): field for rule, field in names.items()}
            for alias, names in correlation.aliases.items()
        },
        condition=condition if isinstance(condition, Bounds) else _by_id(condition, called),
    )


def _calls(reference: str, base: Document) -> Iterator[tuple[str, str]]:
    for name in (reference, base.name, base.id):
        if name is not None:
            yield name, base.id


def _by_id(expression: Expression, called: Mapping[str, str]) -> Expression:
    if isinstance(expression, Member):
        return Member(called.get(expression.rule, expression.rule))
    if isinstance(expression, Negation):
        return Negation(_by_id(expression.part, called))
    parts = tuple(_by_id(part, called) for part in expression.parts)
    return Conjunction(parts) if isinstance(expression, Conjunction) else Disjunction(parts)
