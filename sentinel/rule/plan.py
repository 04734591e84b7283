"""The plan for events of one shape: indexes for their fields, and the rules to ask where the indexes hit.

Each rule has up to three needs (`trigger.py`) and for each a mark, a bit: bit `rank * rules + place`. A row's
marks are gathered over its fields; the rules all of whose marks are set are asked.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import log2
from operator import or_
from typing import Any

from sentinel.rule.access import Access
from sentinel.rule.condition import Node
from sentinel.rule.cost import Cost
from sentinel.rule.exact import Holds, holds
from sentinel.rule.index import FieldIndex, Marks
from sentinel.rule.trigger import ANY_TEXT, Need, Trigger, needs_of

__all__ = ["Condition", "Plan"]

Condition = tuple[int, Node, Callable[[str], str]]
"""The number of a rule, its condition, and what that calls fields → what the rows call them."""

_RANKS = 3
"""Needs of one rule that are looked for. With each, fewer events that do not match are asked about …"""
_SECOND = 0.0
"""… but only needs of this worth, beside the first: common things cost more to find than to ask about."""


class Plan:
    """Conditions compiled for rows of one shape. Each is known by the number of its rule in the rule set."""

    def __init__(self, conditions: Sequence[Condition], access: Access) -> None:
        self._conditions = conditions
        self._access = access
        self._holds: dict[int, Holds] = {}
        self._count = len(conditions)
        self._given: Marks = 0
        """The marks of needs that a rule does not have."""
        self._presences: dict[str, Marks] = {}
        self._indexes = self._build()
        self.costs: dict[int, Cost] | None = None
        """By rule number; set it to have asking measured."""
        self._every: Marks = (1 << self._count) - 1
        self._unprompted = self._all_set(0)
        """The rules to ask of every row."""

    def match(self, rows: Sequence[Any]) -> list[tuple[int, int]]:
        """(row, rule number) of every match, in that order."""
        found: list[tuple[int, int]] = []
        unprompted = self._unprompted
        for row, marks in enumerate(self._marks(rows)):
            asked = self._all_set(marks) if marks else unprompted
            if asked:
                self._ask(rows[row], row, asked, found)
        return found

    def asked(self, rows: Sequence[Any]) -> list[set[int]]:
        """For each row the numbers of the rules that the indexes call for: at least those that hold."""
        return [
            {self._conditions[place][0] for place in _places(self._all_set(marks))}
            for marks in self._marks(rows)
        ]

    def _all_set(self, marks: Marks) -> Marks:
        marks |= self._given
        count = self._count
        return marks & marks >> count & marks >> 2 * count & self._every

    def _build(self) -> list[tuple[frozenset[str], str, FieldIndex]]:
        """An index a field, and the outermost names under which the field may stand."""
        by_field: dict[str, dict[Trigger, Marks]] = {}
        for place, needs in enumerate(self._chosen_needs()):
            for rank in range(_RANKS):
                mark = 1 << (rank * self._count + place)
                if rank >= len(needs):
                    self._given |= mark
                for trigger in needs[rank] if rank < len(needs) else ():
                    if trigger.exists:
                        self._presences[trigger.field] = self._presences.get(trigger.field, 0) | mark
                        continue
                    if trigger.field == ANY_TEXT:
                        trigger = self._in_haystack(trigger)
                    triggers = by_field.setdefault(trigger.field, {})
                    triggers[trigger] = triggers.get(trigger, 0) | mark
        return [
            (_heads(field), field, FieldIndex(triggers.items()))
            for field, triggers in by_field.items()
            if field == ANY_TEXT or self._access.getter(field) is not None
        ]

    def _chosen_needs(self) -> list[list[Need]]:
        """The needs to look for, of each rule: the rarest, and others that are rare or sought for other rules anyway.

        How often a thing is met is guessed: long texts are rare, and what many rules name is common.
        """
        needs = [needs_of(condition, field_of) for _, condition, field_of in self._conditions]
        rules = Counter(trigger for each in needs for trigger in {t for need in each for t in need})

        def worth(need: Need) -> float:
            return min((t.worth - log2(rules[t]) for t in need), default=99.0) - len(need) / 100

        ranked = [sorted(each, key=worth, reverse=True) for each in needs]
        sought = {trigger for each in ranked for need in each[:1] for trigger in need}
        return [
            each[:1] + [n for n in each[1:] if sought.issuperset(n) or worth(n) >= _SECOND][: _RANKS - 1]
            for each in ranked
        ]

    def _in_haystack(self, trigger: Trigger) -> Trigger:
        written = None if trigger.literal is None else self._access.written(trigger.literal.data)
        if trigger.literal is None or written is None:
            return Trigger(trigger.field)
        return Trigger(trigger.field, literal=replace(trigger.literal, data=written))

    def _marks(self, rows: Sequence[Any]) -> list[Marks]:
        total: list[Marks] = [0] * len(rows)
        access = self._access
        names = access.names(rows)
        for heads, field, index in self._indexes:
            marks: list[Marks] | None
            if field == ANY_TEXT:
                marks = index.marks_of_lines(access.lines(rows), len(rows))
            elif names is None or not heads.isdisjoint(names):
                marks = index.marks(access.column(field, rows))
            else:
                continue
            if marks is not None:
                total = list(map(or_, total, marks))
        for field, one in self._presences.items():
            present = access.presence(field)
            if present is not None:
                total = [
                    marks | one if present(row) is not None else marks
                    for marks, row in zip(total, rows, strict=True)
                ]
        return total

    def _ask(self, event: Any, row: int, asked: Marks, found: list[tuple[int, int]]) -> None:
        for place in _places(asked):
            test = self._holds.get(place)
            if test is None:
                _, condition, field_of = self._conditions[place]
                test = self._holds[place] = holds(condition, self._access, field_of)
            number = self._conditions[place][0]
            if self._measured(number, test, event) if self.costs is not None else test(event):
                found.append((row, number))

    def _measured(self, number: int, test: Holds, event: Any) -> bool:
        assert self.costs is not None
        cost = self.costs.setdefault(number, Cost())
        began = time.perf_counter()
        held = test(event)
        cost.seconds += time.perf_counter() - began
        cost.asked += 1
        cost.held += held
        return held


def _heads(field: str) -> frozenset[str]:
    """`a.b` may stand as itself, or as `b` in `a`."""
    return frozenset((field, field.partition(".")[0]))


def _places(bits: int) -> list[int]:
    """The places of the bits that are set."""
    places = []
    while bits:
        low = bits & -bits
        places.append(low.bit_length() - 1)
        bits ^= low
    return places
