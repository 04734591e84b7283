"""What a window says of the entries in it. Entries come in the order of time, and leave in it.

Each aggregate takes what its type of correlation enters: texts to be told apart, numbers, or the rules
that an event matched (as bits, the first rule's the lowest).
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from sentinel.rule.correlation.expression import Conjunction, Expression, Member, Negation

__all__ = ["Aggregate", "Distinct", "Mean", "Order", "Percentile", "Presence", "Sum", "truth"]


_FIXED = 1 << 64
"""Scale of fixed point: floats of 2⁻¹² and above fit without loss."""
_NEVER = -(1 << 62)


class Aggregate(Protocol):
    """Follows a window."""

    def add(self, t: int, entry: Any) -> None:
        """An entry came in at `t` microseconds, no earlier than any before."""

    def remove(self, entry: Any) -> None:
        """The oldest entry left."""

    def value(self, since: int) -> float:
        """What the condition is about, of the entries since `since`: those that have not left."""


class Distinct:
    """How many different texts; an entry may hold several."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, t: int, entry: tuple[str, ...]) -> None:
        self._counts.update(entry)

    def remove(self, entry: tuple[str, ...]) -> None:
        counts = self._counts
        for text in entry:
            if counts[text] > 1:
                counts[text] -= 1
            else:
                del counts[text]

    def value(self, since: int) -> float:
        return len(self._counts)


class Sum:
    """The sum of numbers, in fixed point: what came in leaves exactly, however long the window moves on."""

    __slots__ = ("_number", "_total")

    def __init__(self) -> None:
        self._total = 0
        self._number = 0

    def add(self, t: int, entry: float) -> None:
        self._total += int(entry * _FIXED) if isinstance(entry, float) else entry * _FIXED
        self._number += 1

    def remove(self, entry: float) -> None:
        self._total -= int(entry * _FIXED) if isinstance(entry, float) else entry * _FIXED
        self._number -= 1

    def value(self, since: int) -> float:
        return self._total / _FIXED


class Mean(Sum):
    """Their average."""

    __slots__ = ()

    def value(self, since: int) -> float:
        return self._total / (self._number * _FIXED) if self._number else math.nan


class Percentile:
    """The value below which `percent` of the entries lie, interpolated between neighbours; 50 is the median."""

    __slots__ = ("_percent", "_sorted")

    def __init__(self, percent: float) -> None:
        self._percent = percent
        self._sorted: list[float] = []

    def add(self, t: int, entry: float) -> None:
        insort(self._sorted, entry)

    def remove(self, entry: float) -> None:
        del self._sorted[bisect_left(self._sorted, entry)]

    def value(self, since: int) -> float:
        numbers = self._sorted
        if not numbers:
            return math.nan
        rank = (len(numbers) - 1) * self._percent / 100
        below = math.floor(rank)
        above = min(below + 1, len(numbers) - 1)
        return numbers[below] + (numbers[above] - numbers[below]) * (rank - below)


class Presence:
    """Which rules matched: how many, or with an expression whether it is true (1) or not (0)."""

    __slots__ = ("_counts", "_says")

    def __init__(self, rules: int, says: Callable[[int], float]) -> None:
        self._counts = [0] * rules
        self._says = says

    def add(self, t: int, entry: int) -> None:
        for rule in _bits(entry):
            self._counts[rule] += 1

    def remove(self, entry: int) -> None:
        for rule in _bits(entry):
            self._counts[rule] -= 1

    def value(self, since: int) -> float:
        present = 0
        for rule, count in enumerate(self._counts):
            if count:
                present |= 1 << rule
        return self._says(present)


class Order:
    """Rules that matched in the order of writing, one event each: how many at most.

    For each rule and each length it keeps the latest moment at which a chain of that length that ends with
    the rule can have begun: what a window still holds is then a comparison, whatever came in between.
    `says` (for an expression) is told the rules present and the longest chain.
    """

    __slots__ = ("_chains", "_last", "_says")

    def __init__(self, rules: int, says: Callable[[int, int], float]) -> None:
        self._chains = [[_NEVER] * rules for _ in range(rules)]
        """By length less one, then by the rule a chain ends with: the latest beginning."""
        self._last = [_NEVER] * rules
        self._says = says

    def add(self, t: int, entry: int) -> None:
        chains = self._chains
        rules = list(_bits(entry))
        for rule in reversed(rules):  # an event does not follow itself
            for length in range(rule, 0, -1):
                begun = max(chains[length - 1][:rule])
                chains[length][rule] = max(chains[length][rule], begun)
            chains[0][rule] = t
            self._last[rule] = t

    def remove(self, entry: int) -> None:
        pass

    def value(self, since: int) -> float:
        longest = 0
        for length, begun in enumerate(self._chains, 1):
            if max(begun) >= since:
                longest = length
        present = 0
        for rule, last in enumerate(self._last):
            if last >= since:
                present |= 1 << rule
        return self._says(present, longest)


def _bits(mask: int) -> list[int]:
    return [place for place in range(mask.bit_length()) if mask >> place & 1]


def truth(expression: Expression, rules: tuple[str, ...]) -> Callable[[int], bool]:
    """Whether an expression over `rules` is true where those in a bit mask matched."""
    if isinstance(expression, Member):
        bit = 1 << rules.index(expression.rule)
        return lambda present: bool(present & bit)
    if isinstance(expression, Negation):
        part = truth(expression.part, rules)
        return lambda present: not part(present)
    parts = [truth(one, rules) for one in expression.parts]
    if isinstance(expression, Conjunction):
        return lambda present: all(part(present) for part in parts)
    return lambda present: any(part(present) for part in parts)
