"""The watch: what must see the events of all capture workers and sources together.

Fan-out splits what a detector counts, so detectors sit here and not in the workers: in the agent when live,
behind the pipeline in a replay. They read events and write notices; rules grade the notices.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sentinel.config import Config
from sentinel.detect import DETECTORS, Detector, Scene, ToldNotices
from sentinel.event import Alert, Event, Notice
from sentinel.rule import Correlator, Match, Restraint, RuleSet, RuleSettings
from sentinel.rule.correlation import Links
from sentinel.rule.cost import Cost
from sentinel.statistics import WatchStatistics

__all__ = ["Found", "Watch"]

_when = attrgetter("ts")


class Found(NamedTuple):
    """What came of a batch of events."""

    alerts: list[Alert]
    """To be told, in order of time; those that were handed in among them."""
    events: list[Event]
    """New ones, in order of time."""


class Watch:
    """Takes batches of events as they come, and gives alerts and new events. Everything counts in event time."""

    def __init__(self, config: Config, rules: RuleSet | None) -> None:
        self._correlation = config.rule.correlation
        self._correlator = Correlator(Links(), self._correlation)
        self._zone = ZoneInfo(config.intake.zone)
        self._restraint = Restraint(config.rule, self._zone)
        self._rules: RuleSet | None = None
        self.rules = rules
        scene = Scene(config.detect, config.flow.local_networks, self._zone)
        disabled = frozenset(config.detect.disabled)
        self.detectors: list[Detector] = [kind(scene) for kind in DETECTORS if kind.name not in disabled]
        self.told_notices = ToldNotices()
        self.quiet = config.detect.quiet
        """Seconds in which detectors do not tell the same again."""
        self._readers = {
            kind: [detector.reads[kind] for detector in self.detectors if kind in detector.reads]
            for kind in sorted({kind for detector in self.detectors for kind in detector.reads})
        }
        self.kinds = frozenset(self._readers)
        """Kinds of event that it must be given."""
        self._event_counts: Counter[str] = Counter()
        self._alert_counts: Counter[str] = Counter()
        self._rule_counts: Counter[str] = Counter()
        self._seconds = 0.0

    @property
    def rules(self) -> RuleSet | None:
        """The rules that grade notices, and their correlations. Those that stay the same keep what they know."""
        return self._rules

    @rules.setter
    def rules(self, rules: RuleSet | None) -> None:
        self._rules = rules
        self._restraint.use({} if rules is None else rules.thresholds)
        links = Links() if rules is None else rules.links
        self._correlator = Correlator(links, self._correlation, self._correlator)

    def measure(self) -> dict[str, Cost]:
        """Measure from now on what each correlation costs, by its id. Not for rules that are to be exchanged."""
        costs: dict[str, Cost] = {}
        links = Links() if self._rules is None else self._rules.links
        self._correlator = Correlator(links, self._correlation, self._correlator, costs)
        return costs

    def follow(self, settings: RuleSettings) -> None:
        """Go on with other settings of rules; `rules` is set apart, and afterwards."""
        self._correlation = settings.correlation
        self._restraint = Restraint(settings, self._zone, self._restraint)

    @property
    def correlator(self) -> Correlator:
        """What correlations know."""
        return self._correlator

    @property
    def restraint(self) -> Restraint:
        """What thresholds have counted."""
        return self._restraint

    def take(
        self, events: Sequence[Event], alerts: Sequence[Alert] = (), matches: Sequence[Match] = ()
    ) -> Found:
        """Take a batch: its events, and what rules on single events already made of them."""
        began = time.perf_counter()
        by_kind: dict[str, list[Event]] = {}
        for event in events:
            kind = event.kind
            if kind in self._readers:
                if kind in by_kind:
                    by_kind[kind].append(event)
                else:
                    by_kind[kind] = [event]
        notices: list[Notice] = []
        for kind in sorted(by_kind):
            for read in self._readers[kind]:
                notices += read(by_kind[kind])
        found = self._found(notices, alerts, matches)
        self._seconds += time.perf_counter() - began
        return found

    def finish(self) -> Found:
        """All sources are over: what can still be concluded."""
        found = self._found((notice for detector in self.detectors for notice in detector.finish()), (), ())
        return Found(found.alerts, found.events + self.close())

    def close(self) -> list[Event]:
        """What would be lost with this process: alerts held back and not told of yet."""
        left: list[Event] = list(self._restraint.finish())
        self._event_counts.update(event.kind for event in left)
        return left

    def statistics(self) -> WatchStatistics:
        """Everything counted since the start."""
        return WatchStatistics(
            events=dict(sorted(self._event_counts.items())),
            alerts=dict(sorted(self._alert_counts.items())),
            alerts_by_rule=dict(sorted(self._rule_counts.items())),
            entries={detector.name: detector.entries for detector in self.detectors},
            evicted={detector.name: detector.evicted for detector in self.detectors},
            correlations=self._correlator.counters(),
            suppressed=dict(sorted(self._restraint.suppressed.items())),
            seconds=self._seconds,
        )

    def _found(self, notices: Iterable[Notice], alerts: Sequence[Alert], matches: Sequence[Match]) -> Found:
        ordered = sorted(notices, key=_when)
        events: list[Event] = [*ordered]
        own: list[Alert] = []
        fresh = [notice for notice in ordered if not self.told_notices.again(notice)]
        if fresh and self._rules is not None:
            own, more = self._rules.find(fresh)
            matches = sorted([*matches, *more], key=_when) if more else matches
        own += self._correlator.take(matches)
        told, suppressions = self._restraint.take(sorted([*alerts, *own], key=_when))
        events += suppressions
        self._event_counts.update(event.kind for event in events)
        self._alert_counts.update(str(alert.level) for alert in own)
        self._rule_counts.update(alert.rule_id for alert in own)
        return Found(told, events)
