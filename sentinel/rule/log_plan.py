"""Plans for `log` records: one for each sort of record that comes, with the rules whose logsource admits it.

Windows numbers its events, and nearly every rule asks for some of these numbers. So records are sorted by
`EventID` too, and a plan has only the rules that can hold for its number, with what is left to ask of each.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from sentinel.event import Log
from sentinel.rule.access import RecordAccess
from sentinel.rule.condition import And, Leaf, Node, Not, leaves
from sentinel.rule.cost import Cost
from sentinel.rule.plan import Condition, Plan
from sentinel.rule.question import Number, Text
from sentinel.rule.rule import LogSource
from sentinel.rule.view import View

__all__ = ["LogPlans"]

_MOST: Final = 512
"""Plans kept; beyond it the one not used longest is built again when its records come."""
_EVENT: Final = "EventID"
_OTHER: Final = "\0other"
"""An `EventID` that no rule names."""
_ALWAYS: Final = And(())


class _Seen(NamedTuple):
    """A rule in one of its views."""

    number: int
    condition: Node
    view: View
    events: frozenset[str]
    """Every `EventID` that the condition names."""


class LogPlans:
    """All rules as they see log records. Plans are built as their records first come."""

    def __init__(self, rules: Iterable[tuple[int, Node, View]]) -> None:
        self._seen = [
            _Seen(number, condition, view, frozenset(_events_of(condition, view)))
            for number, condition, view in rules
        ]
        sources = [seen.view.source for seen in self._seen]
        self._products = {source.product for source in sources}
        self._categories = {source.category for source in sources}
        self._services = {source.service for source in sources}
        self._events = frozenset[str]().union(*(seen.events for seen in self._seen))
        self._plans: OrderedDict[tuple[LogSource, str | None], Plan] = OrderedDict()
        self._access = RecordAccess()
        self.costs: dict[int, Cost] | None = None
        """By rule number; set it before records come to have asking measured."""
        self.dropped = 0
        """Plans given up for newer ones."""

    def __bool__(self) -> bool:
        return bool(self._seen)

    def match(self, logs: Sequence[Log]) -> list[tuple[int, int]]:
        """(place, rule number) of every match, in that order, each once."""
        sorts: dict[tuple[str | None, str | None, str | None, str | None], list[int]] = {}
        for place, log in enumerate(logs):
            key = (log.product, log.category, log.service, _number_of(log))
            places = sorts.get(key)
            if places is None:
                sorts[key] = [place]
            else:
                places.append(place)
        found: list[tuple[int, int]] = []
        for (product, category, service, event), places in sorts.items():
            plan = self._plan(product, category, service, event)
            if plan is not None:
                rows = [logs[place].fields for place in places]
                found += [(places[row], number) for row, number in plan.match(rows)]
        return sorted(set(found))

    def _plan(
        self, product: str | None, category: str | None, service: str | None, event: str | None
    ) -> Plan | None:
        """What no rule names makes no difference: such records share a plan."""
        source = LogSource(
            product if product in self._products else None,
            category if category in self._categories else None,
            service if service in self._services else None,
        )
        if event is not None and event not in self._events:
            event = _OTHER
        key = (source, event)
        plan = self._plans.get(key)
        if plan is not None:
            self._plans.move_to_end(key)
            return plan
        plan = self._plans[key] = Plan(list(self._admitted(source, event)), self._access)
        plan.costs = self.costs
        if len(self._plans) > _MOST:
            self._plans.popitem(last=False)
            self.dropped += 1
        return plan

    def _admitted(self, source: LogSource, event: str | None) -> Iterator[Condition]:
        """The rules that may hold for such records, and what is left to ask of them."""
        for seen in self._seen:
            if not seen.view.source.covers(source):
                continue
            known = event is not None and bool(seen.events)
            left = _narrowed(seen.condition, seen.view, event or "") if known else seen.condition
            if not isinstance(left, bool):
                yield seen.number, left, seen.view.name
            elif left:
                yield seen.number, _ALWAYS, seen.view.name


def _number_of(log: Log) -> str | None:
    """The record's `EventID` as text; None where that is not one plain value."""
    event = log.fields.get(_EVENT)
    if event.__class__ is int:
        return str(event)
    return event.lower() if isinstance(event, str) else None


def _events_of(condition: Node, view: View) -> Iterable[str]:
    for leaf in leaves(condition):
        if leaf.field is not None and view.name(leaf.field) == _EVENT:
            if isinstance(leaf.question, Number):
                yield str(leaf.question.number)
            elif isinstance(leaf.question, Text) and leaf.question.literal is not None:
                yield leaf.question.literal.lower()


def _narrowed(node: Node, view: View, event: str) -> Node | bool:
    """What is left to ask of a condition once the record's `EventID` is known; the answer where nothing is left."""
    if isinstance(node, Leaf):
        answer = _answer_of_leaf(node, view, event)
        return node if answer is None else answer
    if isinstance(node, Not):
        part = _narrowed(node.part, view, event)
        return not part if isinstance(part, bool) else Not(part)
    decisive = not isinstance(node, And)
    left: list[Node] = []
    for one in node.parts:
        part = _narrowed(one, view, event)
        if part is decisive:
            return decisive
        if not isinstance(part, bool):
            left.append(part)
    if len(left) == 1:
        return left[0]
    return type(node)(tuple(left)) if left else not decisive


def _answer_of_leaf(leaf: Leaf, view: View, event: str) -> bool | None:
    if leaf.field is None or view.name(leaf.field) != _EVENT:
        return None
    question = leaf.question
    if isinstance(question, Number) and isinstance(question.number, int):
        return str(question.number) == event
    if isinstance(question, Text) and question.literal is not None and not question.cased:
        return question.literal.lower() == event
    return None
