"""The rule set: all rules that run, matched against batches of events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from sentinel.event import KINDS, Alert, Event, Level, Log, Payload, Stretches
from sentinel.rule.access import EventAccess, RecordAccess
from sentinel.rule.condition import And, Node
from sentinel.rule.correlation import Correlation, Match, link
from sentinel.rule.cost import Cost
from sentinel.rule.evidence import alert_of
from sentinel.rule.fault import Fault
from sentinel.rule.library import load_paths
from sentinel.rule.log_plan import LogPlans
from sentinel.rule.logsource import kind_of
from sentinel.rule.payload import PayloadPlan
from sentinel.rule.plan import Condition, Plan
from sentinel.rule.rule import Document, Rule, RuleProblem
from sentinel.rule.settings import RuleSettings
from sentinel.rule.teller import MatchTeller
from sentinel.rule.view import Pipeline, PipelineError, View, read_pipelines, shipped_pipelines, views_of

__all__ = ["Findings", "RuleSet"]


class Findings(NamedTuple):
    """What rules found in a batch."""

    alerts: list[Alert]
    matches: list[Match]
    """For correlations; an event may have both."""


_APART = frozenset({"log", "payload"})
"""Kinds that are not matched by one plan."""


class RuleSet:
    """Compiled rules. A set never changes; a reload makes another. The memory of payload rules is its own."""

    def __init__(
        self,
        rules: Sequence[Rule],
        problems: Sequence[RuleProblem] = (),
        correlations: Sequence[Correlation] = (),
        *,
        minimum_level: Level = Level.INFORMATIONAL,
        pipelines: tuple[Pipeline, ...] = (),
        silent: frozenset[str] = frozenset(),
    ) -> None:
        """`pipelines` are those of the site, beside the shipped ones; `silent` are ids that are not to alert."""
        links, unlinked = link(rules, correlations)
        least, asked = minimum_level.rank, links.asked
        low = frozenset(one.id for one in links.correlations if one.level.rank < least)
        silent = links.silent | low | silent
        self.links = replace(links, silent=silent)
        """The correlations, for a `Correlator`."""
        self.problems: list[RuleProblem] = [*problems, *unlinked]
        self.rules: Sequence[Rule] = tuple(
            rule for rule in rules if rule.level.rank >= least or rule.id in asked
        )
        self.thresholds = {
            one.id: one.threshold for one in (*rules, *correlations) if one.threshold is not None
        }
        """How rules want their alerts to be restrained, for a `Restraint`."""
        self._alerting = frozenset(
            number
            for number, rule in enumerate(self.rules)
            if rule.id not in silent and rule.level.rank >= least
        )
        pipelines = (*shipped_pipelines(), *pipelines)
        self._views = [views_of(rule.logsource, pipelines) for rule in self.rules]
        self._teller = MatchTeller(self.rules, self._views, asked)
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
        compiled = load_paths(settings.paths, root, settings.lists)
        least, problems = Level.INFORMATIONAL, compiled.problems
        if settings.minimum_level in list(Level):
            least = Level(settings.minimum_level)
        else:
            unknown = Fault.of("minimum-level", level=settings.minimum_level, known=", ".join(Level))
            problems.append(RuleProblem(root, 0, "rule", unknown))
        pipelines: list[Pipeline] = []
        for name in settings.pipelines:
            try:
                pipelines += read_pipelines(root / name)
            except PipelineError as error:
                problems.append(RuleProblem(root / name, 0, name, error.fault))
        disabled = frozenset(settings.disabled)
        # what only served a correlation that is disabled does not begin to alert in its stead
        silent = link(compiled.rules, compiled.correlations)[0].silent if disabled else frozenset()
        return cls(
            [rule for rule in compiled.rules if rule.id not in disabled],
            problems,
            [one for one in compiled.correlations if one.id not in disabled],
            minimum_level=least,
            pipelines=tuple(pipelines),
            silent=silent,
        )

    def telling(self) -> Iterator[Document]:
        """The rules and correlations that alert by themselves, rather than only serve others."""
        yield from (one for one in (*self.rules, *self.links.correlations) if one.id not in self.links.silent)

    def measure(self) -> dict[int, Cost]:
        """Measure from now on what each rule costs, by its place in `rules`; payload rules only by their hits."""
        costs: dict[int, Cost] = {}
        self._logs.costs = costs
        for plan in self._plans.values():
            plan.costs = costs
        return costs

    def succeed(self, former: RuleSet) -> None:
        """Take over what `former` knows of payloads, for the rules that stayed the same."""
        self._payload.succeed(former._payload)

    @property
    def forgotten(self) -> int:
        """Directions of flows whose payload memory was given up for newer ones."""
        return self._payload.forgotten

    def wants(self, kind: str) -> bool:
        """Does any rule look at events of this kind?"""
        return bool(self._logs) if kind == "log" else kind in self._conditions

    def match(self, events: Sequence[Event]) -> list[Alert]:
        """The alerts of a batch: in the order of events, then of rules."""
        return self.find(events).alerts

    def find(self, events: Sequence[Event]) -> Findings:
        """The alerts of a batch, in the order of events, then of rules; and its matches for correlations."""
        by_kind: dict[str, tuple[list[Event], list[int]]] = {}
        for place, event in enumerate(events):
            kind = event.kind
            if kind in by_kind:
                rows, places = by_kind[kind]
                rows.append(event)
                places.append(place)
            elif kind in self._plans or kind in _APART:
                by_kind[kind] = [event], [place]
        alerts: list[tuple[int, int, Alert]] = []
        hits: dict[int, list[int]] = {}
        asked, alerting = self._teller.asked, self._alerting
        for kind, (rows, places) in by_kind.items():
            told: dict[tuple[int, int], Alert | None]
            if kind == "payload":
                found = self._payload.match_events([row for row in rows if isinstance(row, Payload)])
                told = {(row, number): alert for row, number, alert in found}
            else:
                told = dict.fromkeys(self._held(kind, rows))
            for (row, number), alert in told.items():
                if number in alerting:
                    alerts.append((places[row], number, alert or self._alert(number, rows[row])))
                if number in asked:
                    hits.setdefault(places[row], []).append(number)
        alerts.sort(key=lambda item: item[:2])
        matches = [self._teller.tell(events[place], hits[place]) for place in sorted(hits)]
        return Findings([alert for _, _, alert in alerts], matches)

    def _held(self, kind: str, rows: list[Event]) -> list[tuple[int, int]]:
        """(row, rule number) of events of one kind."""
        if kind == "log":
            return self._logs.match([row for row in rows if isinstance(row, Log)])
        return self._plans[kind].match(rows)

    def _alert(self, number: int, event: Event) -> Alert:
        return alert_of(self.rules[number], event, views=self._views[number])

    def find_in_payloads(self, stretches: Stretches) -> Findings:
        """The same of payload rules on a batch of stretches."""
        alerts: list[Alert] = []
        matches: list[Match] = []
        asked, alerting = self._teller.asked, self._alerting
        for place, number, alert in self._payload.match(stretches):
            if number in alerting:
                alerts.append(alert)
            if number in asked:
                matches.append(self._teller.tell(stretches.event(place), [number]))
        return Findings(alerts, matches)

    @property
    def payload_tail(self) -> int:
        """Last bytes of each stretch that payload rules must see again before the next of its direction."""
        return self._payload.tail

    def match_payloads(self, stretches: Stretches) -> list[Alert]:
        """The alerts of payload rules on a batch of stretches, in their order."""
        return self.find_in_payloads(stretches).alerts

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

    def match_timed_records(
        self, records: Sequence[tuple[float, Mapping[str, Any]]]
    ) -> Iterator[tuple[int, Match]]:
        """For each mapping (with its time in seconds) that a rule of a correlation holds for, its place and match."""
        numbers = {id(rule): number for number, rule in enumerate(self.rules)}
        found = self.match_records([record for _, record in records])
        for place, ((ts, record), held) in enumerate(zip(records, found, strict=True)):
            asked = [numbers[id(rule)] for rule in held if numbers[id(rule)] in self._teller.asked]
            if asked:
                yield place, self._teller.tell_record(record, ts, asked)
