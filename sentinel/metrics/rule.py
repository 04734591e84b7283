"""Rules in force, and their reloads."""

from __future__ import annotations

from collections.abc import Iterable

from sentinel.metrics.finding import FindingMetrics
from sentinel.metrics.series import Series

__all__ = ["RuleMetrics"]


class RuleMetrics:
    """Loaded, refused, taken over anew."""

    def __init__(self, series: Series, findings: FindingMetrics) -> None:
        self._series = series
        self._findings = findings
        self._rules = series.gauge("sentinel_rules", "Rules loaded and refused.", "state")
        self._reload_failed = series.gauge(
            "sentinel_rule_reload_failed", "1 while changed rules on disk are refused and the former go on."
        )
        self._reloads = series.counter(
            "sentinel_rule_reloads", "Times that changed rules were taken over or refused.", "result"
        )
        for result in ("taken", "refused"):
            self._reloads.labels(result)
        self.in_force(0, 0)

    def in_force(self, loaded: int, refused: int, ids: Iterable[str] = ()) -> None:
        """Rules in force, and rules refused; `ids` of those in force begin with 0 alerts."""
        with self._series.lock:
            self._rules.labels("loaded").set(loaded)
            self._rules.labels("refused").set(refused)
            self._findings.begin(ids)

    def reloaded(self, taken: bool) -> None:
        """Changed rules were taken over, or refused."""
        self._reloads.labels("taken" if taken else "refused").inc()
        self._reload_failed.set(not taken)
