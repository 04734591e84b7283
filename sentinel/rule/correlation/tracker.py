"""The tracker of one correlation: its groups, each with its window; which matches belong to which."""

from __future__ import annotations

import math
from collections import OrderedDict
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
Hits = Mapping[str, Mapping[str, Any]]

_SAMPLE = 8
"""Flows, sources and targets named in an alert."""
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
    """Runs one correlation. Groups are bounded: past the limit the one that nothing came to for longest goes."""

    def __init__(self, correlation: Correlation, settings: CorrelationSettings) -> None:
        self.correlation = correlation
        self.terms = _terms(correlation, settings)
        self.groups: OrderedDict[Group, Window] = OrderedDict()
        self.evicted = 0
        """Groups given up for newer ones."""
        self.ungrouped = 0
        """Matches that lacked a group-by field."""
        self.unusable = 0
        """Matches whose field held nothing that the correlation can work with."""
        self._most = settings.groups
        self._keys = {rule: _key_reader(correlation, rule) for rule in correlation.rules}
        self._entries = _entry_reader(correlation)
        self._open: Callable[[], Window] = CountWindow
        if correlation.type is not CorrelationType.EVENT_COUNT:
            self._open = self._open_entries

    def offer(self, t: int, hits: Hits, match: Match) -> list[Firing]:
        """Take what one event says to this correlation: for each of its rules that matched, the fields."""
        if len(hits) == 1:
            [(rule, values)] = hits.items()
            key = self._keys[rule](values)
            if key is None:
                self.ungrouped += 1
                return []
            firing = self._enter(t, key, hits, values, match)
            return [] if firing is None else [firing]
        groups: dict[Group, dict[str, Mapping[str, Any]]] = {}
        for rule, values in hits.items():
            key = self._keys[rule](values)
            if key is None:
                self.ungrouped += 1
            else:
                groups.setdefault(key, {})[rule] = values
        found = (
            self._enter(t, key, together, next(iter(together.values())), match)
            for key, together in groups.items()
        )
        return [firing for firing in found if firing is not None]

    def _enter(
        self, t: int, key: Group, hits: Hits, values: Mapping[str, Any], match: Match
    ) -> Firing | None:
        entry: Any = None
        if self._entries is not None:
            entry = self._entries(hits)
            if entry is None:
                self.unusable += 1
                return None
        window = self.groups.get(key)
        if window is None:
            window = self.groups[key] = self._open()
            self._make_room(t)
        else:
            self.groups.move_to_end(key)
        held = window.add(t, entry, self.terms)
        self._note(window, t, match)
        if held is None:
            return None
        end, value = held
        told = window.told
        first = told is None or abs(end - told) > self.terms.timespan
        if first:
            window.told = end
        count, begun = window.count(end, self.terms)
        return Firing(self.correlation, key, end, value, window, match, values, first, count, begun)

    def _note(self, window: Window, t: int, match: Match) -> None:
        """Remember who took part."""
        if window.alone(t, self.terms):
            window.uids = window.sources = window.targets = ()
        if match.uid is not None and match.uid not in window.uids:
            window.uids = (*window.uids[1 - _SAMPLE :], match.uid)
        if match.src is not None and match.src not in window.sources and len(window.sources) < _SAMPLE:
            window.sources = (*window.sources, match.src)
        if match.dst is not None and match.dst not in window.targets and len(window.targets) < _SAMPLE:
            window.targets = (*window.targets, match.dst)

    def _make_room(self, t: int) -> None:
        groups = self.groups
        if len(groups) > self._most:
            groups.popitem(last=False)
            self.evicted += 1
        oldest = next(iter(groups.values()))
        if oldest.times and t - oldest.times[-1] > self.terms.timespan + self.terms.lateness + _IDLE:
            groups.popitem(last=False)

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


def _key_reader(correlation: Correlation, rule: str) -> Callable[[Mapping[str, Any]], Group | None]:
    """How to read a match's group; None where it belongs to none."""
    names = [correlation.field_of(name, rule) for name in correlation.group_by]
    if not names:
        return lambda values: ()
    if len(names) == 1:
        [name] = names

        def key(values: Mapping[str, Any]) -> Group | None:
            value = values.get(name)
            if value.__class__ is str:
                return (value,)
            return None if value is None else (_text(value),)

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
