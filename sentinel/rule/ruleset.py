"""The rule set: all rules that run, matched against batches of events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sentinel.event import KINDS, Alert, Event, Level, Payload, Stretches
from sentinel.rule.access import EventAccess, RecordAccess
from sentinel.rule.evidence import alert_of
from sentinel.rule.library import load_paths
from sentinel.rule.payload import PayloadPlan
from sentinel.rule.plan import Plan, RecordPlan
from sentinel.rule.rule import Rule, RuleProblem
from sentinel.rule.settings import RuleSettings

__all__ = ["RuleSet"]


class RuleSet:
    """Compiled rules. A set never changes; a reload makes another. The memory of payload rules is its own."""

    def __init__(self, rules: Sequence[Rule], problems: Sequence[RuleProblem] = ()) -> None:
        self.rules: Sequence[Rule] = tuple(rules)
        self.problems: list[RuleProblem] = list(problems)
        self._numbers: dict[str, list[tuple[int, Rule]]] = {}
        for number, rule in enumerate(self.rules):
            for kind in rule.kinds:
                self._numbers.setdefault(kind, []).append((number, rule))
        self._plans: dict[str, Plan] = {}
        self._payload = PayloadPlan(self._numbers.get("payload", ()))
        self._records: RecordPlan | None = None
        for kind in self._numbers.keys() & KINDS.keys():
            self._plan(kind)

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
        return kind in self._numbers

    def match(self, events: Sequence[Event]) -> list[Alert]:
        """The alerts of a batch: in the order of events, then of rules."""
        by_kind: dict[str, tuple[list[Event], list[int]]] = {}
        for place, event in enumerate(events):
            kind = event.kind
            if kind in self._numbers:
                rows, places = by_kind.setdefault(kind, ([], []))
                rows.append(event)
                places.append(place)
        found: list[tuple[int, int, Alert]] = []
        for kind, (rows, places) in by_kind.items():
            if kind == "payload":
                payloads = [row for row in rows if isinstance(row, Payload)]
                found += [
                    (places[row], number, alert)
                    for row, number, alert in self._payload.match_events(payloads)
                ]
            else:
                for row, number in self._plan(kind).match(rows):
                    found.append((places[row], number, alert_of(self.rules[number], rows[row])))
        found.sort(key=lambda item: item[:2])
        return [alert for _, _, alert in found]

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
            self._records = RecordPlan(list(enumerate(self.rules)), RecordAccess(), renamed=False)
        matches: list[list[Rule]] = [[] for _ in records]
        for row, number in self._records.match(records):
            matches[row].append(self.rules[number])
        return matches

    def _plan(self, kind: str) -> Plan:
        plan = self._plans.get(kind)
        if plan is None:
            plan = self._plans[kind] = Plan(self._numbers.get(kind, ()), EventAccess(KINDS[kind]))
        return plan
