"""Events and alerts, whoever found them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from sentinel.event import KINDS, Alert, Event, Level
from sentinel.metrics.series import OTHER, Growth, Series, fold

__all__ = ["FindingMetrics"]

_UNEXPORTED = frozenset({"payload"})
"""Kinds that are for rules only."""
_MAX_RULES = 20_000
"""Rule ids with a series of their own, over all reloads; later ones are counted as `other`."""


class FindingMetrics:
    """By kind, level and rule."""

    def __init__(self, series: Series) -> None:
        self._series = series
        self._rule_ids: set[str] = set()
        self._events = series.counter("sentinel_events", "Events by kind.", "kind")
        self._alerts = series.counter("sentinel_alerts", "Alerts by level.", "level")
        self._rule_alerts = series.counter("sentinel_rule_alerts", "Alerts by rule.", "rule_id")
        for kind in KINDS.keys() - _UNEXPORTED | {OTHER}:
            self._events.labels(kind)
        for level in Level:
            self._alerts.labels(level.value)

    def take(self, events: Iterable[Event], alerts: Iterable[Alert]) -> None:
        """So many more events and alerts came from logs."""
        with self._series.lock:
            for kind, number in Counter(event.kind for event in events).items():
                self._events.labels(kind if kind in KINDS else OTHER).inc(number)
            for alert in alerts:
                self._alerts.labels(alert.level.value).inc()
                self._rule_alerts.labels(self._rule_label(alert.rule_id)).inc()

    def begin(self, rules: Iterable[str]) -> None:
        """Rules with these ids begin with 0 alerts."""
        for rule_id in rules:
            self._rule_alerts.labels(self._rule_label(rule_id))

    def grow(
        self,
        growth: Growth,
        events: Mapping[str, int],
        alerts: Mapping[str, int],
        alerts_by_rule: Mapping[str, int],
    ) -> None:
        """Take the totals of one source, which `growth` remembers. The caller holds the lock."""
        kinds = {kind: count for kind, count in events.items() if kind not in _UNEXPORTED}
        for kind, count in fold(kinds, KINDS).items():
            growth.bring(self._events.labels(kind), count)
        for level, count in fold(alerts, [level.value for level in Level]).items():
            growth.bring(self._alerts.labels(level), count)
        by_label: Counter[str] = Counter()
        for rule_id, count in alerts_by_rule.items():
            by_label[self._rule_label(rule_id)] += count
        for label, count in by_label.items():
            growth.bring(self._rule_alerts.labels(label), count)

    def _rule_label(self, rule_id: str) -> str:
        if rule_id in self._rule_ids:
            return rule_id
        if len(self._rule_ids) >= _MAX_RULES:
            return OTHER
        self._rule_ids.add(rule_id)
        return rule_id
