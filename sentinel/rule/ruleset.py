"""The rule set: all rules that run, matched against batches of events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sentinel.event import KINDS, Alert, Event, Level, Log, Payload, Stretches
from sentinel.rule.access import EventAccess, RecordAccess
from sentinel.rule.condition import And, Node
from sentinel.rule.evidence import alert_of
from sentinel.rule.library import load_paths
from sentinel.rule.log_plan import LogPlans
from sentinel.rule.logsource import kind_of
from sentinel.rule.payload import PayloadPlan
from sentinel.rule.plan import Condition, Plan
from sentinel.rule.rule import Rule, RuleProblem
from sentinel.rule.settings import RuleSettings
from sentinel.rule.view import View, shipped_pipelines, views_of

__all__ = ["RuleSet"]

_APART = frozenset({"log", "payload"})
"""Kinds that are not matched by one plan."""


class RuleSet:
    """Compiled rules. A set never changes; a reload makes another. The memory of payload rules is its own."""

    def __init__(self, rules: Sequence[Rule], problems: Sequence[RuleProblem] = ()) -> None:
        self.rules: Sequence[Rule] = tuple(rules)
        self.problems: list[RuleProblem] = list(problems)
        self._views = [views_of(rule.logsource, shipped_pipelines()) for rule in self.rules]
        self._conditions: dict[str, list[Condition]] = {}
        """By kind of event."""
        for_logs: list[tuple[int, Node, View]] = []
        for number, rule in enumerate(self.rules):
            for view in self._views[number]:
                condition = (
                    rule.condition if view.condition is None else And((view.condition, rule.condition))
                )
                kind = kind_of(view.source)
                if kind is not None:
                    self._conditions.setdefault(kind, []).append((number, condition, view.name))
                if kind is None or view.source.product == "zeek":
                    for_logs.append((number, condition, view))
        self._plans = {
            kind: Plan(conditions, EventAccess(KINDS[kind]))
            for kind, conditions in self._conditions.items()
            if kind in KINDS and kind != "payload"
        }
        self._logs = LogPlans(for_logs)
        self._payload = PayloadPlan(
            [(number, self.rules[number]) for number, _, _ in self._conditions.get("payload", ())]
        )
        self._records: Plan | None = None

    @classmethod
    def load(cls, settings: RuleSettings, root: Path) -> RuleSet:
        """Load every rule that `settings` names, relative to `root`. Bad rules end up in `problems`."""
        rules, problems = load_paths(settings.paths, root)
        least = 0
        if settings.minimum_level in list(Level):
            least = Level(settings.minimum_level).rank
        else:
            reason = f"`minimum_level` {settings.minimum_level!r} is not one of {', '.join(Level)}"
            problems.append(RuleProblem(root, 0, "rule", reason, "Correct it; until then every level alerts"))
        disabled = frozenset(settings.disabled)
        running = [rule for rule in rules if rule.id not in disabled and rule.level.rank >= least]
        return cls(running, problems)

    @property
    def forgotten(self) -> int:
        """Directions of flows whose payload memory was given up for newer ones."""
        return self._payload.forgotten

    def wants(self, kind: str) -> bool:
        """Does any rule look at events of this kind?"""
        return bool(self._logs) if kind == "log" else kind in self._conditions

    def match(self, events: Sequence[Event]) -> list[Alert]:
        """The alerts of a batch: in the order of events, then of rules."""
        by_kind: dict[str, tuple[list[Event], list[int]]] = {}
        for place, event in enumerate(events):
            kind = event.kind
            if kind in self._plans or kind in _APART:
                rows, places = by_kind.setdefault(kind, ([], []))
                rows.append(event)
                places.append(place)
        found: list[tuple[int, int, Alert]] = []
        for kind, (rows, places) in by_kind.items():
            found += [(places[row], number, alert) for row, number, alert in self._match(kind, rows)]
        found.sort(key=lambda item: item[:2])
        return [alert for _, _, alert in found]

    def _match(self, kind: str, rows: list[Event]) -> list[tuple[int, int, Alert]]:
        """(row, rule number, alert) of events of one kind."""
        if kind == "payload":
            return self._payload.match_events([row for row in rows if isinstance(row, Payload)])
        if kind == "log":
            held = self._logs.match([row for row in rows if isinstance(row, Log)])
        else:
            held = self._plans[kind].match(rows)
        return [
            (row, number, alert_of(self.rules[number], rows[row], views=self._views[number]))
            for row, number in held
        ]

    @property
    def payload_tail(self) -> int:
        """Last bytes of each stretch that payload rules must see again before the next of its direction."""
        return self._payload.tail

    def match_payloads(self, stretches: Stretches) -> list[Alert]:
        """The alerts of payload rules on a batch of stretches, in their order."""
        return [alert for _, _, alert in self._payload.match(stretches)]

    def match_records(self, records: Sequence[Mapping[str, Any]]) -> list[list[Rule]]:
        """The rules that hold for each mapping, whatever their logsource, by the rules' own field names."""
        if self._records is None:
            self._records = Plan(
                [(number, rule.condition, str) for number, rule in enumerate(self.rules)], RecordAccess()
            )
        matches: list[list[Rule]] = [[] for _ in records]
        for row, number in self._records.match(records):
            matches[row].append(self.rules[number])
        return matches
