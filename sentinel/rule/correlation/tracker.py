"""The tracker of one correlation: its groups, each with its window; which matches belong to which."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sentinel.rule.correlation.aggregate import (
    Aggregate,
    Distinct,
    Mean,
    Order,
    Percentile,
    Presence,
    Sum,
    truth,
)
from sentinel.rule.correlation.correlation import SECOND, Correlation, CorrelationType
from sentinel.rule.correlation.expression import Bounds, Expression, Member, Negation
from sentinel.rule.correlation.match import Match
from sentinel.rule.correlation.window import CountWindow, EntryWindow, Terms, Window
from sentinel.rule.settings import CorrelationSettings

__all__ = ["Firing", "Group", "Tracker"]

Group = tuple[str, ...]
"""The values of the group-by fields, as text, in their order."""
Key = str | Group
"""How a group is found: by the tuple, or by the value itself where there is one field alone."""
Hits = Mapping[str, Mapping[str, Any]]

_IDLE = 86_400 * SECOND
"""Microseconds after the end of its window when a group that nothing came to is forgotten.

So generous because sources of events may have clocks hours apart: one must not end the groups of another.
"""


@dataclass(slots=True)
class Firing:
    """A correlation holds."""

    correlation: Correlation
    group: Group
    end: int
    """When its window ends, in microseconds."""
    value: float
    window: Window
    match: Match
    """What completed it."""
    values: Mapping[str, Any]
    """The fields of the completing match."""
    first: bool
    """False where an alert about the same group told of it less than a timespan ago."""
    count: int = 0
    """Entries in the window."""
    begun: int = 0
    """When the first of them came."""


class Tracker:
    """Runs one correlation. Groups are bounded: past the limit one goes that nothing came to for long."""

    def __init__(self, correlation: Correlation, settings: CorrelationSettings) -> None:
        self.correlation = correlation
        self.terms = _terms(correlation, settings)
        self.groups: dict[Key, Window] = {}
        self._order: deque[Key] = deque()
        """The groups, in the order in which they are considered for eviction."""
        self._idle = correlation.timespan + self.terms.lateness + _IDLE
        self.evicted = 0
        """Groups given up for newer ones."""
        self.ungrouped = 0
        """Matches that lacked a group-by field."""
        self.unusable = 0
        """Matches whose field held nothing that the correlation can work with."""
        self.changed = False
        """Did anything happen since its state was last saved?"""
        self._most = settings.groups
        self._keys = {rule: _key_reader(correlation, rule) for rule in correlation.rules}
        self._entries = _entry_reader(correlation)
        self.open: Callable[[], Window] = CountWindow
        if correlation.type is not CorrelationType.EVENT_COUNT:
            self.open = self._open_entries

    def offer(self, t: int, rule: str, values: Mapping[str, Any], match: Match) -> Firing | None:
        """Take an event that one of its rules matched, with the fields of it."""
        key = self._keys[rule](values)
        if key is None:
            self.ungrouped += 1
            return None
        entry: Any = None
        if self._entries is not None:
            entry = self._entries({rule: values})
            if entry is None:
                self.unusable += 1
                return None
        return self._enter(t, key, entry, values, match)

    def offer_together(self, t: int, hits: Hits, match: Match) -> list[Firing]:
        """Take an event that several of its rules matched: it counts once for each group that it belongs to."""
        groups: dict[Key, dict[str, Mapping[str, Any]]] = {}
        for rule, values in hits.items():
            key = self._keys[rule](values)
            if key is None:
                self.ungrouped += 1
            else:
                groups.setdefault(key, {})[rule] = values
        found: list[Firing] = []
        for key, together in groups.items():
            entry = None if self._entries is None else self._entries(together)
            if entry is None and self._entries is not None:
                self.unusable += 1
                continue
            firing = self._enter(t, key, entry, next(iter(together.values())), match)
            if firing is not None:
                found.append(firing)
        return found

    def _enter(self, t: int, key: Key, entry: Any, values: Mapping[str, Any], match: Match) -> Firing | None:
        window = self.groups.get(key)
        if window is None:
            window = self._begin(key, t)
        window.touched = self.changed = True
        held = window.add(t, entry, self.terms)
        window.note(t, self.terms, match.uid, match.src, match.dst)
        if held is None:
            return None
        end, value = held
        told = window.told
        first = told is None or abs(end - told) > self.terms.timespan
        if first:
            window.told = end
        count, begun = window.count(end, self.terms)
        group = (key,) if isinstance(key, str) else key
        return Firing(self.correlation, group, end, value, window, match, values, first, count, begun)

    def _begin(self, key: Key, t: int) -> Window:
        """A new group. Where there is no room, one that no match came to while all others had their turn goes."""
        groups, order = self.groups, self._order
        if len(groups) >= self._most:
            while groups[order[0]].touched:
                groups[order[0]].touched = False
                order.rotate(-1)
            del groups[order.popleft()]
            self.evicted += 1
        elif order:
            oldest = groups[order[0]]
            if t - oldest.latest > self._idle:
                del groups[order.popleft()]
            else:
                order.rotate(-1)
        order.append(key)
        window = groups[key] = self.open()
        return window

    def adopt(self, groups: Mapping[Key, Window]) -> None:
        """Go on with the groups that another tracker of the same correlation followed, as many as there is room for."""
        self.evicted += max(0, len(groups) - self._most)
        self.groups = dict(list(groups.items())[-self._most :])
        self._order = deque(self.groups)

    def remember_told(self, group: Group, end: int) -> None:
        """An alert about this group told of the window that ended at `end`."""
        key: Key = group[0] if len(group) == 1 else group
        window = self.groups.get(key)
        if window is None:
            window = self._begin(key, end)
        window.told = end if window.told is None else max(end, window.told)

    def _open_entries(self) -> Window:
        return EntryWindow(self.terms.aggregate())


def _terms(correlation: Correlation, settings: CorrelationSettings) -> Terms:
    condition = correlation.condition
    most, holds = settings.entries, _is_true()
    if isinstance(condition, Bounds):
        holds = condition.test()
        if correlation.type in (CorrelationType.EVENT_COUNT, CorrelationType.VALUE_COUNT):
            needed = max(limit for _, limit in condition.limits)
            most = max(most, 2 * math.ceil(needed) + 2)
    return Terms(
        timespan=correlation.timespan,
        lateness=int(settings.lateness * SECOND),
        most=most,
        holds=holds,
        aggregate=_aggregate(correlation),
        distinct=correlation.type in (CorrelationType.VALUE_COUNT, CorrelationType.TEMPORAL),
        ordered=correlation.type is CorrelationType.TEMPORAL_ORDERED,
    )


def _is_true() -> Callable[[float], bool]:
    return lambda value: value > 0


def _aggregate(correlation: Correlation) -> Callable[[], Aggregate]:
    match correlation.type:
        case CorrelationType.VALUE_SUM:
            return Sum
        case CorrelationType.VALUE_AVG:
            return Mean
        case CorrelationType.VALUE_MEDIAN:
            return lambda: Percentile(50)
        case CorrelationType.VALUE_PERCENTILE:
            percent = correlation.percentile or 0.0
            return lambda: Percentile(percent)
        case CorrelationType.TEMPORAL:
            return _presence(correlation)
        case CorrelationType.TEMPORAL_ORDERED:
            return _order(correlation)
        case _:
            return Distinct


def _presence(correlation: Correlation) -> Callable[[], Aggregate]:
    rules, condition = correlation.rules, correlation.condition
    if isinstance(condition, Bounds):
        return lambda: Presence(len(rules), int.bit_count)
    true = truth(condition, rules)
    return lambda: Presence(len(rules), true)


def _order(correlation: Correlation) -> Callable[[], Aggregate]:
    rules, condition = correlation.rules, correlation.condition
    if isinstance(condition, Bounds):
        return lambda: Order(len(rules), lambda present, longest: longest)
    true, asked = truth(condition, rules), 0
    for rule in _wanted(condition):
        asked |= 1 << rules.index(rule)
    return lambda: Order(
        len(rules), lambda present, longest: true(present) and longest >= (present & asked).bit_count()
    )


def _wanted(expression: Expression) -> Iterable[str]:
    """The rules that an expression wants to match: those not under a `not`."""
    if isinstance(expression, Member):
        yield expression.rule
    elif not isinstance(expression, Negation):
        for part in expression.parts:
            yield from _wanted(part)


def _key_reader(correlation: Correlation, rule: str) -> Callable[[Mapping[str, Any]], Key | None]:
    """How to read a match's group; None where it belongs to none."""
    names = [correlation.field_of(name, rule) for name in correlation.group_by]
    if not names:
        return lambda values: ()
    if len(names) == 1:
        [name] = names

        def key(values: Mapping[str, Any]) -> str | None:
            value = values.get(name)
            if value.__class__ is str:
                return value
            return None if value is None else _text(value)

        return key

    def keys(values: Mapping[str, Any]) -> Group | None:
        found = []
        for name in names:
            value = values.get(name)
            if value is None:
                return None
            found.append(value if value.__class__ is str else _text(value))
        return tuple(found)

    return keys


def _entry_reader(correlation: Correlation) -> Callable[[Hits], Any] | None:
    """What a match enters into the window, or None where it enters nothing."""
    if correlation.type is CorrelationType.EVENT_COUNT:
        return None
    if correlation.type.temporal:
        bits = {rule: 1 << place for place, rule in enumerate(correlation.rules)}
        return lambda hits: sum(bits[rule] for rule in hits)
    names = {
        rule: [correlation.field_of(name, rule) for name in correlation.fields] for rule in correlation.rules
    }
    if correlation.type is CorrelationType.VALUE_COUNT:
        return lambda hits: _texts(
            [[values.get(name) for name in names[rule]] for rule, values in hits.items()]
        )
    return lambda hits: _first_number([values.get(names[rule][0]) for rule, values in hits.items()])


def _texts(rows: Sequence[Sequence[Any]]) -> tuple[str, ...] | None:
    found: dict[str, None] = {}
    for row in rows:
        if any(value is None for value in row):
            continue
        if len(row) == 1 and isinstance(row[0], list):
            found.update(dict.fromkeys(map(_text, row[0])))
        else:
            found["\0".join(map(_text, row))] = None
    return tuple(found) or None


def _first_number(values: Sequence[Any]) -> float | None:
    for value in values:
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                continue
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            return value
    return None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return str(value)
