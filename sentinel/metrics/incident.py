"""Incidents and their clocks."""

from __future__ import annotations

from collections.abc import Mapping

from sentinel.incident.grouping import ACCOUNTS, KEYS_FORGOTTEN
from sentinel.metrics.series import Series

__all__ = ["IncidentMetrics"]

_CLOCKS = ("acknowledge", "assess", "tamper", "report", "summary")


class IncidentMetrics:
    """As they stand, drills left out."""

    def __init__(self, series: Series) -> None:
        self._series = series
        self._open = series.gauge(
            "sentinel_incidents_open", "Open incidents, drills left out.", "state", "level"
        )
        self._seen: set[tuple[str, int]] = set()
        self._overdue = series.gauge(
            "sentinel_incident_clocks_overdue", "Clocks of incidents that ran out, not yet met.", "clock"
        )
        for clock in _CLOCKS:
            self._overdue.labels(clock)
        self._keys_forgotten = series.gauge(
            "sentinel_incident_keys_forgotten", "Keys of open incidents given up because there were too many."
        )

        self._alerts = series.gauge(
            "sentinel_incident_alerts", "What became of all alerts so far, drills left out.", "outcome"
        )

    def take(
        self, opened: Mapping[tuple[str, int], int], overdue: Mapping[str, int], counts: Mapping[str, int]
    ) -> None:
        """Open incidents by state and level, and clocks overdue by name, drills left out; the accounts of alerts."""
        self._keys_forgotten.set(counts.get(KEYS_FORGOTTEN, 0))
        for outcome in ACCOUNTS:
            self._alerts.labels(outcome).set(counts.get(outcome, 0))
        with self._series.lock:
            for pair in self._seen | opened.keys():
                self._open.labels(pair[0], str(pair[1])).set(opened.get(pair, 0))
            self._seen |= opened.keys()
            for clock in _CLOCKS:
                self._overdue.labels(clock).set(overdue.get(clock, 0))
