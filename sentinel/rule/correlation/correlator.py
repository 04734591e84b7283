"""The correlator: takes matches as they come, from every worker and log source, and tells what holds together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sentinel.event import Alert
from sentinel.rule.correlation.evidence import alert_of
from sentinel.rule.correlation.link import Links
from sentinel.rule.correlation.match import Match
from sentinel.rule.correlation.measured import MeasuredTracker
from sentinel.rule.correlation.tracker import Firing, Tracker
from sentinel.rule.cost import Cost
from sentinel.rule.settings import CorrelationSettings

__all__ = ["Correlator"]

_EARLIEST, _LATEST = -1e11, 1e11
"""Seconds since 1970 between which a time is believed: some three thousand years."""


class Correlator:
    """All correlations of a rule set, and their state. Driven by the time of events alone.

    A correlation holds at every match that completes a window of its own; it alerts at the first, and again
    where it still holds a timespan later. Correlations that build on it are told of it: temporal ones each
    time, counting ones once an alert.
    """

    def __init__(
        self,
        links: Links,
        settings: CorrelationSettings | None = None,
        before: Correlator | None = None,
        costs: dict[str, Cost] | None = None,
    ) -> None:
        """`before` is the correlator that this one takes over from: what did not change goes on.

        `costs`, where given, is told by id what each correlation costs.
        """
        settings = settings or CorrelationSettings()
        self.trackers = {
            one.id: Tracker(one, settings)
            if costs is None
            else MeasuredTracker(one, settings, costs.setdefault(one.id, Cost()))
            for one in links.correlations
        }
        self._silent = links.silent
        self._listeners: dict[str, list[Tracker]] = {}
        for tracker in self.trackers.values():
            for rule in tracker.correlation.rules:
                self._listeners.setdefault(rule, []).append(tracker)
        self.matches = 0
        """Matches taken."""
        self.timeless = 0
        """Matches whose time is none."""
        self._before: Counter[str] = Counter()
        """Counters of those whom this one took over from."""
        if before is not None:
            self._take_over(before)

    def _take_over(self, before: Correlator) -> None:
        self._before += Counter({name: n for name, n in before.counters().items() if name != "groups"})
        for name, tracker in self.trackers.items():
            former = before.trackers.get(name)
            if former is not None and former.correlation.signature == tracker.correlation.signature:
                tracker.adopt(former.groups)

    def take(self, matches: Iterable[Match]) -> list[Alert]:
        """The alerts that these matches complete, in their order."""
        alerts: list[Alert] = []
        for match in matches:
            found = self.observe(match)
            if found:
                alerts += [alert_of(firing) for firing in found if firing.first]
        return alerts

    def observe(self, match: Match) -> list[Firing]:
        """Every correlation that holds by this match and does not only serve others, alerted before or not."""
        self.matches += 1
        if not _EARLIEST < match.ts < _LATEST:
            self.timeless += 1
            return []
        t = int(match.ts * 1e6 + 0.5)
        hits = match.hits
        found: list[Firing] = []
        if len(hits) == 1:
            [(rule, values)] = hits.items()
            for tracker in self._listeners.get(rule, ()):
                firing = tracker.offer(t, rule, values, match)
                if firing is not None:
                    found.append(firing)
        else:
            found = self._observe_together(t, match)
        if not found:
            return found
        for firing in tuple(found):
            found += self._tell_parents(firing)
        return [firing for firing in found if firing.correlation.id not in self._silent]

    def _observe_together(self, t: int, match: Match) -> list[Firing]:
        """An event that several rules matched is one event to each correlation."""
        asked: dict[str, dict[str, Mapping[str, Any]]] = {}
        for rule, values in match.hits.items():
            for tracker in self._listeners.get(rule, ()):
                asked.setdefault(tracker.correlation.id, {})[rule] = values
        found: list[Firing] = []
        for name, together in asked.items():
            found += self.trackers[name].offer_together(t, together, match)
        return found

    def _tell_parents(self, firing: Firing) -> list[Firing]:
        """Have correlations that build on one that holds take it; and those that build on them."""
        correlation = firing.correlation
        found: list[Firing] = []
        listeners = self._listeners.get(correlation.id, ())
        if listeners:
            values = {**firing.values, **dict(zip(correlation.group_by, firing.group, strict=True))}
            for parent in listeners:
                if firing.first or parent.correlation.type.temporal:
                    above = parent.offer(firing.end, correlation.id, values, firing.match)
                    if above is not None:
                        found += [above, *self._tell_parents(above)]
        return found

    # What is measured.

    def counters(self) -> dict[str, int]:
        """What the metrics tell: state kept, and what was given up and why."""
        trackers = self.trackers.values()
        counted = {
            "groups": sum(len(tracker.groups) for tracker in trackers),
            "matches": self.matches,
            "evicted": sum(tracker.evicted for tracker in trackers),
            "overfull": sum(tracker.terms.overfull for tracker in trackers),
            "late": sum(tracker.terms.late for tracker in trackers),
            "ungrouped": sum(tracker.ungrouped for tracker in trackers),
            "unusable": self.timeless + sum(tracker.unusable for tracker in trackers),
        }
        return {name: number + self._before[name] for name, number in counted.items()}
