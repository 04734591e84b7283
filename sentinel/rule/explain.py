"""Why a rule holds for an event or does not: its condition, part by part, each with what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from sentinel.event import Event, Log
from sentinel.rule.access import Access, EventAccess, RecordAccess
from sentinel.rule.condition import And, Leaf, Node, Not
from sentinel.rule.exact import holds
from sentinel.rule.logsource import kind_of
from sentinel.rule.question import (
    Boolean,
    Compare,
    Exists,
    FieldReference,
    Network,
    Null,
    Number,
    Pattern,
    Question,
    Text,
)
from sentinel.rule.rule import LogSource, Rule
from sentinel.rule.view import View, shipped_pipelines, views_of

__all__ = ["Part", "explain", "written"]

_SIGNS = {"lt": "<", "lte": "≤", "gt": ">", "gte": "≥", "neq": "≠"}
_LONGEST = 200


class Part(msgspec.Struct, omit_defaults=True):
    """One part of a condition."""

    sort: str
    """`and`, `or`, `not` or `leaf`."""
    held: bool
    field: str | None = None
    """Of a leaf: the field's name in the event; None for a keyword."""
    question: str | None = None
    """Of a leaf: what it asks, as `written`."""
    value: Any = None
    """Of a leaf: what the event has."""
    parts: list[Part] = []


def explain(rule: Rule, event: Event | Mapping[str, Any]) -> Part | None:
    """Each part of the rule's condition on an event, or on a mapping in the rule's own names.

    None where the event is of a sort that the rule is not about.
    """
    if not isinstance(event, Event):
        return _part(rule.condition, RecordAccess(), str, event)
    explained = [_in_view(rule, view, event) for view in _admitting(rule, event)]
    return max(explained, key=lambda part: part.held, default=None)


def _admitting(rule: Rule, event: Event) -> Iterator[View]:
    for view in views_of(rule.logsource, shipped_pipelines()):
        if isinstance(event, Log):
            if view.source.covers(LogSource(event.product, event.category, event.service)):
                yield view
        elif kind_of(view.source) == event.kind:
            yield view


def _in_view(rule: Rule, view: View, event: Event) -> Part:
    condition = rule.condition if view.condition is None else And((view.condition, rule.condition))
    if isinstance(event, Log):
        return _part(condition, RecordAccess(), view.name, event.fields)
    return _part(condition, EventAccess(type(event)), view.name, event)


def _part(node: Node, access: Access, name: Callable[[str], str], row: Any) -> Part:
    held = holds(node, access, name)(row)
    if isinstance(node, Leaf):
        if node.field is None:
            return Part("leaf", held, None, written(node.question))
        read = access.getter(name(node.field))
        value = _shown(None if read is None else read(row))
        return Part("leaf", held, name(node.field), written(node.question), value)
    if isinstance(node, Not):
        return Part("not", held, parts=[_part(node.part, access, name, row)])
    parts = [_part(part, access, name, row) for part in node.parts]
    return Part("and" if isinstance(node, And) else "or", held, parts=parts)


def _shown(value: Any) -> Any:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    return value[:_LONGEST] if isinstance(value, str) else value


def written(question: Question) -> str:
    """A question in a line: `*text*`, `/regex/`, `≥ 5`, `10.0.0.0/8` …"""
    match question:
        case Text(parts, cased):
            marks = {None: "*", True: "?"}
            text = "".join(part if isinstance(part, str) else marks[part or None] for part in parts)
            return repr(text) + (" (cased)" if cased else "")
        case Pattern(regex):
            return f"/{regex}/"
        case Compare(operator, number):
            return f"{_SIGNS[operator]} {number}"
        case Number(number):
            return str(number)
        case Boolean(value):
            return str(value).lower()
        case Network(network):
            return network
        case Null():
            return "null"
        case Exists(wanted):
            return "exists" if wanted else "does not exist"
        case FieldReference(field):
            return f"= {field}"
    return str(question)
