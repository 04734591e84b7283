"""The index of one field: from a column of values to the rules that each value may make true.

It answers too often at times and never too seldom; the rule itself is asked afterwards.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from sentinel.rule.literal import Literal
from sentinel.rule.question import Test, as_text
from sentinel.rule.scanner import LiteralScanner, TooManyHits
from sentinel.rule.trigger import Trigger

__all__ = ["Candidates", "FieldIndex"]

Candidates = dict[int, set[int]]
"""Row number → numbers of the rules to ask."""

_REMEMBERED = 65_536
"""Addresses whose networks are remembered; beyond it the memory starts anew."""
_HITS_A_VALUE = 8
"""Hits a value on average at which scanning the whole column at once stops paying."""


class FieldIndex:
    """All triggers of one field of one kind of event."""

    def __init__(self, triggers: Iterable[tuple[Trigger, int]]) -> None:
        equal: dict[Any, set[int]] = {}
        literals: dict[Literal, set[int]] = {}
        present: set[int] = set()
        self._compares: list[tuple[Test, int]] = []
        self._networks: list[tuple[Any, int]] = []
        for trigger, rule in triggers:
            if trigger.equal:
                for value in trigger.equal:
                    equal.setdefault(value, set()).add(rule)
            elif trigger.literal is not None:
                literals.setdefault(trigger.literal, set()).add(rule)
            elif trigger.compare is not None:
                self._compares.append((trigger.compare.test(), rule))
            elif trigger.network is not None:
                self._networks.append((ipaddress.ip_network(trigger.network.network), rule))
            else:
                present.add(rule)
        self._present = frozenset(present)
        self._equal = {value: frozenset(rules) for value, rules in equal.items()}
        self._rules_of_literal = [frozenset(rules) for rules in literals.values()]
        self._scanner = LiteralScanner(list(literals)) if literals else None
        self._networks_of: dict[str, frozenset[int]] = {}

    def search(
        self, column: Sequence[Any], candidates: Candidates, rows: Sequence[int] | None = None
    ) -> None:
        """Add to `candidates` the rules that the values of `column` call for.

        `rows` gives each value's row where that is not its place in the column.
        """
        classes = set(map(type, column))
        if self._present and classes != _NOTHING:
            self._mark(candidates, rows, ((i, self._present) for i, v in enumerate(column) if v is not None))
        if list in classes or tuple in classes or dict in classes:
            column, rows = _flattened(column, rows)
            classes = set(map(type, column))
        if classes <= _NOTHING:
            return
        if self._equal:
            self._mark(candidates, rows, self._equals(column))
        if self._compares:
            self._mark(candidates, rows, self._compared(column))
        if self._networks:
            self._mark(candidates, rows, self._addressed(column))
        if self._scanner is not None:
            self._mark(candidates, rows, self._scanned(self._scanner, column, classes))

    @staticmethod
    def _mark(
        candidates: Candidates, rows: Sequence[int] | None, found: Iterable[tuple[int, frozenset[int]]]
    ) -> None:
        for place, rules in found:
            row = place if rows is None else rows[place]
            known = candidates.get(row)
            if known is None:
                candidates[row] = set(rules)
            else:
                known |= rules

    def _equals(self, column: Sequence[Any]) -> list[tuple[int, frozenset[int]]]:
        keys = [value.lower() if value.__class__ is str else value for value in column]
        if self._equal.keys().isdisjoint(keys):
            return []
        get = self._equal.get
        return [(place, rules) for place, rules in enumerate(map(get, keys)) if rules]

    def _compared(self, column: Sequence[Any]) -> list[tuple[int, frozenset[int]]]:
        found = []
        for test, rule in self._compares:
            rules = frozenset((rule,))
            found += [(place, rules) for place, value in enumerate(column) if test(value)]
        return found

    def _addressed(self, column: Sequence[Any]) -> list[tuple[int, frozenset[int]]]:
        memory = self._networks_of
        found = []
        for place, value in enumerate(column):
            if value.__class__ is not str:
                continue
            rules = memory.get(value)
            if rules is None:
                if len(memory) >= _REMEMBERED:
                    memory.clear()
                rules = memory[value] = self._networks_with(value)
            if rules:
                found.append((place, rules))
        return found

    def _networks_with(self, text: str) -> frozenset[int]:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return frozenset()
        return frozenset(rule for network, rule in self._networks if address in network)

    def _scanned(
        self, scanner: LiteralScanner, column: Sequence[Any], classes: set[type]
    ) -> list[tuple[int, frozenset[int]]]:
        if classes != {str}:
            column = [value if value.__class__ is str else as_text(value) or "" for value in column]
        joined = "\n".join(column)
        values: Sequence[str] | Sequence[bytes] = column
        if joined.isascii():
            buffer = joined.encode()
        else:
            values = [_encoded(value) for value in column]
            buffer = b"\n".join(values)
        try:
            hits = scanner.scan(buffer, limit=1000 + _HITS_A_VALUE * len(column))
        except TooManyHits:
            return self._scanned_each(scanner, column)
        if not hits:
            return []
        ends = list(accumulate(len(value) + 1 for value in values))
        rules_of = self._rules_of_literal
        return [(bisect_right(ends, end - 1), rules_of[number]) for number, end in hits]

    def _scanned_each(
        self, scanner: LiteralScanner, column: Sequence[str]
    ) -> list[tuple[int, frozenset[int]]]:
        rules_of = self._rules_of_literal
        return [
            (place, rules_of[number])
            for place, value in enumerate(column)
            for number in scanner.scan_each(_encoded(value))
        ]


_NOTHING = {type(None)}


def _encoded(value: str) -> bytes:
    """UTF-8, with the two non-ASCII letters whose lower case is ASCII folded."""
    if "\u212a" in value or "\u0130" in value:
        value = value.lower()
    return value.encode("utf-8", "surrogatepass")


def _flattened(column: Sequence[Any], rows: Sequence[int] | None) -> tuple[list[Any], list[int]]:
    flat: list[Any] = []
    places: list[int] = []
    for place, value in enumerate(column):
        items = value if isinstance(value, (list, tuple)) else (value,)
        for item in items:
            if isinstance(item, (list, tuple)):
                inner, _ = _flattened(item, None)
                flat += inner
                places += [place] * len(inner)
            elif not isinstance(item, dict):
                flat.append(item)
                places.append(place)
    if rows is not None:
        places = [rows[place] for place in places]
    return flat, places
