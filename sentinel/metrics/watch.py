"""Detectors, thresholds and correlations."""

from __future__ import annotations

from sentinel.metrics.finding import FindingMetrics
from sentinel.metrics.series import Growth, Series
from sentinel.statistics import WatchStatistics

__all__ = ["WatchMetrics"]

_SUPPRESSED = ("limit", "threshold", "both", "backoff", "unique", "maintenance")
_UNCORRELATED = ("evicted", "overfull", "late", "ungrouped", "unusable")


class WatchMetrics:
    """What stands behind all workers and sources."""

    def __init__(self, series: Series, findings: FindingMetrics) -> None:
        self._series = series
        self._findings = findings
        self._growth = Growth()
        self._held = series.gauge("sentinel_detector_entries", "Entries that a detector holds.", "detector")
        self._evicted = series.counter(
            "sentinel_detector_evicted", "Entries a detector gave up: its table was full.", "detector"
        )
        self._suppressed = series.counter(
            "sentinel_alerts_suppressed", "Alerts held back by thresholds and maintenance.", "reason"
        )
        for reason in _SUPPRESSED:
            self._suppressed.labels(reason)
        self._correlated = series.gauge("sentinel_correlation_groups", "Groups that correlations follow.")
        self._matches = series.counter("sentinel_correlation_matches", "Matches that correlations took.")
        self._uncorrelated = series.counter(
            "sentinel_correlation_lost",
            "What correlations gave up (groups evicted, entries of overfull windows) or could not use"
            " (matches too late, ungrouped, unusable).",
            "reason",
        )
        for reason in _UNCORRELATED:
            self._uncorrelated.labels(reason)
        self._watch_seconds = series.counter("sentinel_watch_seconds", "Seconds spent by the detectors.")

    def take(self, statistics: WatchStatistics) -> None:
        """Take what the watch has counted since the start; call it again and again."""
        with self._series.lock:
            bring = self._growth.bring
            self._findings.grow(self._growth, statistics.events, statistics.alerts, statistics.alerts_by_rule)
            bring(self._watch_seconds, statistics.seconds)
            for reason in _SUPPRESSED:
                bring(self._suppressed.labels(reason), statistics.suppressed.get(reason, 0))
            correlations = statistics.correlations
            self._correlated.set(correlations.get("groups", 0))
            bring(self._matches, correlations.get("matches", 0))
            for reason in _UNCORRELATED:
                bring(self._uncorrelated.labels(reason), correlations.get(reason, 0))
            for detector, entries in statistics.entries.items():
                self._held.labels(detector).set(entries)
                bring(self._evicted.labels(detector), statistics.evicted.get(detector, 0))
