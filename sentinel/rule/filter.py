"""Filters put to work: each rule's condition and those of the filters that are for it must hold together."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from sentinel.rule.compiled import Compiled
from sentinel.rule.condition import And
from sentinel.rule.correlation.correlation import Correlation
from sentinel.rule.fault import Fault
from sentinel.rule.names import Names
from sentinel.rule.rule import Document, Filter, Rule, RuleProblem

__all__ = ["apply_filters"]


def apply_filters(compiled: Compiled) -> tuple[list[Rule], list[RuleProblem]]:
    """The rules with their filters, and a problem for each reference of a filter that leads nowhere.

    A filter named for a correlation is for the rules that it builds on. A reference that is wrong costs
    nothing but itself: the filter still serves the rules that it names rightly.
    """
    names = Names([*compiled.rules, *compiled.correlations])
    problems: list[RuleProblem] = []
    filters_of: dict[str, list[Filter]] = {}
    for one in compiled.filters:
        targets = compiled.rules if one.rules is None else _named(one, names, problems)
        for rule in targets:
            if one.logsource.covers(rule.logsource):
                filters_of.setdefault(rule.id, []).append(one)
            elif one.rules is not None:
                problems.append(_problem(one, Fault.of("filter-elsewhere", rule=rule.id)))
    return [_filtered(rule, filters_of.get(rule.id, [])) for rule in compiled.rules], problems


def _named(one: Filter, names: Names, problems: list[RuleProblem]) -> list[Rule]:
    found: dict[str, Rule] = {}
    for reference in one.rules or ():
        target = names.find(reference)
        if isinstance(target, Fault):
            problems.append(_problem(one, target))
        else:
            found |= {rule.id: rule for rule in _rules_of(target, names, frozenset())}
    return list(found.values())


def _rules_of(target: Document, names: Names, above: frozenset[str]) -> Iterator[Rule]:
    """A rule itself; of a correlation, the rules beneath it."""
    if isinstance(target, Rule):
        yield target
    elif isinstance(target, Correlation) and target.id not in above:
        for reference in target.rules:
            beneath = names.find(reference)
            if not isinstance(beneath, Fault):
                yield from _rules_of(beneath, names, above | {target.id})


def _problem(one: Filter, fault: Fault) -> RuleProblem:
    return RuleProblem(one.path, one.line, one.id, fault)


def _filtered(rule: Rule, filters: list[Filter]) -> Rule:
    if not filters:
        return rule
    return replace(rule, condition=And((rule.condition, *(one.condition for one in filters))))
