"""The engine against the oracle, rule by rule, on events made of the rules' own strings."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from oracle import matches
from provoke import provoke

from sentinel.event import Log
from sentinel.rule import Rule, RuleSet
from sentinel.rule.settings import SHIPPED_LISTS

__all__ = ["Comparison", "compare"]

_TOGETHER = 300
_OTHERS = 3
"""Rules besides an event's own that are asked of the oracle too."""


@dataclass
class Comparison:
    """What came of it."""

    events: int = 0
    held: set[str] = field(default_factory=set)
    """Ids of rules that held for some event."""
    failed: set[str] = field(default_factory=set)
    """Ids of rules that did not hold for some event."""
    differences: list[str] = field(default_factory=list)


def documents(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    """The parsed YAML of each rule."""
    return [_document(rule) for rule in rules]


def _document(rule: Rule) -> dict[str, Any]:
    found = list(yaml.load_all(rule.path.read_text(encoding="utf-8-sig"), Loader=yaml.CSafeLoader))
    document = dict(next(one for one in found if one and one.get("title") == rule.title))
    document["detection"] = _without_placeholders(document["detection"])
    return document


def _without_placeholders(part: Any) -> Any:
    """`expand` resolved by the shipped lists (a list of values a placeholder, of one value each)."""
    if isinstance(part, list):
        return [_without_placeholders(one) for one in part]
    if not isinstance(part, dict):
        return part
    resolved = {}
    for key, value in part.items():
        field, *modifiers = key.split("|")
        if "expand" not in modifiers:
            resolved[key] = _without_placeholders(value)
            continue
        modifiers.remove("expand")
        texts = value if isinstance(value, list) else [value]
        for name, values in SHIPPED_LISTS.items():
            [listed] = values
            if "re" in modifiers:
                listed = re.escape(listed).replace(r"\*", ".*").replace(r"\?", ".")
            texts = [text.replace(f"%{name}%", listed) for text in texts]
        resolved["|".join([field, *modifiers])] = texts
    return resolved


def compare(
    rules: Sequence[Rule], parsed: Sequence[dict[str, Any]], rounds: int, seed: int, result: Comparison
) -> None:
    """`rounds` events for each of `rules`, matched together by the engine."""
    engine = RuleSet(rules)
    draw = random.Random(seed)
    owners = [number for number in range(len(rules)) for _ in range(rounds)]
    draw.shuffle(owners)
    for first in range(0, len(owners), _TOGETHER):
        batch = owners[first : first + _TOGETHER]
        events = [provoke(parsed[number], draw) for number in batch]
        answers = [{id(rule) for rule in held} for held in engine.match_records(events)]
        alerts = _alerts(engine, [rules[number] for number in batch], events)
        for place, (owner, event, answer) in enumerate(zip(batch, events, answers, strict=True)):
            asked = {owner, *(n for n, rule in enumerate(rules) if id(rule) in answer)}
            asked |= set(draw.sample(range(len(rules)), min(_OTHERS, len(rules))))
            for number in sorted(asked):
                rule, expected = rules[number], matches(parsed[number], event)
                if expected is not (id(rule) in answer):
                    result.differences.append(f"{rule.path.name}: {expected=} {event!r}")
            own = rules[owner]
            (result.held if id(own) in answer else result.failed).add(own.id)
            if not own.kinds and (id(own) in answer) is not ((place, own.id) in alerts):
                result.differences.append(f"{own.path.name}: as a log record, {event!r}")
        result.events += len(batch)


def _alerts(
    engine: RuleSet, owners: Sequence[Rule], events: Sequence[dict[str, Any]]
) -> set[tuple[int, str]]:
    """(place, rule id) of the alerts that the events make as log records of their owners' logsource."""
    logs = [
        Log(
            ts=float(place),
            source="test",
            product=rule.logsource.product,
            category=rule.logsource.category,
            service=rule.logsource.service,
            fields=event,
        )
        for place, (rule, event) in enumerate(zip(owners, events, strict=True))
    ]
    return {(int(alert.ts), alert.rule_id) for alert in engine.match(logs)}
