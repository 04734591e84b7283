"""The correlator: takes matches as they come, from every worker and log source, and tells what holds together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sentinel.event import Alert
from sentinel.rule.correlation.evidence import alert_of
from sentinel.rule.correlation.link import Links
from sentinel.rule.correlation.match import Match
from sentinel.rule.correlation.tracker import Firing, Tracker
from sentinel.rule.settings import CorrelationSettings

__all__ = ["Correlator"]


class Correlator:
    """All correlations of a rule set, and their state. Driven by the time of events alone.

    A correlation holds at every match that completes a window of its own; it alerts at the first, and again
    where it still holds a timespan later. Correlations that build on it are told of it: temporal ones each
    time, counting ones once an alert.
    """

    def __init__(
        self, links: Links, settings: CorrelationSettings | None = None, before: Correlator | None = None
    ) -> None:
        """`before` is the correlator that this one takes over from: what did not change goes on."""
        settings = settings or CorrelationSettings()
        self.trackers = {one.id: Tracker(one, settings) for one in links.correlations}
        self._silent = links.silent
        self._listeners: dict[str, list[Tracker]] = {}
        for tracker in self.trackers.values():
            for rule in tracker.correlation.rules:
                self._listeners.setdefault(rule, []).append(tracker)
        self._before: Counter[str] = Counter()
        if before is not None:
            self._take_over(before)

    def _take_over(self, before: Correlator) -> None:
        self._before += Counter({name: n for name, n in before.counters().items() if name != "groups"})
        for name, tracker in self.trackers.items():
            former = before.trackers.get(name)
            if former is not None and former.correlation.signature == tracker.correlation.signature:
                tracker.groups = former.groups

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
        self._before["matches"] += 1
        found = self._tell(int(match.ts * 1e6 + 0.5), match.hits, match)
        return [firing for firing in found if firing.correlation.id not in self._silent] if found else found

    def _tell(self, t: int, hits: Mapping[str, Mapping[str, Any]], match: Match) -> list[Firing]:
        """Have every listener of these rules take the event; and the listeners of those, if they hold."""
        if len(hits) == 1:
            [rule] = hits
            found: list[Firing] = []
            for tracker in self._listeners.get(rule, ()):
                found += tracker.offer(t, hits, match)
        else:
            found = self._tell_together(t, hits, match)
        for firing in tuple(found):
            found += self._tell_parents(firing)
        return found

    def _tell_together(self, t: int, hits: Mapping[str, Mapping[str, Any]], match: Match) -> list[Firing]:
        asked: dict[str, dict[str, Mapping[str, Any]]] = {}
        for rule, values in hits.items():
            for tracker in self._listeners.get(rule, ()):
                asked.setdefault(tracker.correlation.id, {})[rule] = values
        found: list[Firing] = []
        for name, together in asked.items():
            found += self.trackers[name].offer(t, together, match)
        return found

    def _tell_parents(self, firing: Firing) -> list[Firing]:
        correlation = firing.correlation
        found: list[Firing] = []
        listeners = self._listeners.get(correlation.id, ())
        if listeners:
            values = {**firing.values, **dict(zip(correlation.group_by, firing.group, strict=True))}
            for parent in listeners:
                if firing.first or parent.correlation.type.temporal:
                    found += parent.offer(firing.end, {correlation.id: values}, firing.match)
        for above in tuple(found):
            found += self._tell_parents(above)
        return found

    # What is measured.

    def counters(self) -> dict[str, int]:
        """What the metrics tell: state kept, and what was given up and why."""
        trackers = self.trackers.values()
        counted = {
            "groups": sum(len(tracker.groups) for tracker in trackers),
            "matches": 0,
            "evicted": sum(tracker.evicted for tracker in trackers),
            "overfull": sum(tracker.terms.overfull for tracker in trackers),
            "late": sum(tracker.terms.late for tracker in trackers),
            "ungrouped": sum(tracker.ungrouped for tracker in trackers),
            "unusable": sum(tracker.unusable for tracker in trackers),
        }
        return {name: number + self._before[name] for name, number in counted.items()}
