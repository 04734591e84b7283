"""Logs: what became of each source's lines."""

from __future__ import annotations

from collections.abc import Mapping

from sentinel.intake.account import SourceAccount
from sentinel.metrics.series import Growth, Series

__all__ = ["IntakeMetrics"]


class IntakeMetrics:
    """By source, as the configuration names it."""

    def __init__(self, series: Series) -> None:
        self._series = series
        self._growth = Growth()
        self._lines = series.counter("sentinel_intake_lines", "Lines of logs read.", "source")
        self._losses = series.counter(
            "sentinel_intake_imperfect",
            "Lines of logs that became a message only (unexplained), were cut off (cut), claimed a time that"
            " cannot be (misdated), or were lost since no one"
            " could follow (dropped); faults of a source (fault).",
            "source",
            "reason",
        )
        self._seen = series.gauge(
            "sentinel_intake_last_seen_seconds", "When a source last sent, since 1970; 0 for never.", "source"
        )
        self._silent = series.gauge(
            "sentinel_intake_silent", "Senders of a source that are silent for longer than usual.", "source"
        )
        self._offset = series.gauge(
            "sentinel_intake_clock_offset_seconds",
            "The most that the clock of a source's sender is off; positive is ahead.",
            "source",
        )

    def take(self, accounts: Mapping[str, SourceAccount]) -> None:
        """Take what became of each source's lines since the start; call it again and again."""
        with self._series.lock:
            bring = self._growth.bring
            for source, account in accounts.items():
                bring(self._lines.labels(source), account.lines)
                for reason, number in (
                    ("unexplained", account.unexplained),
                    ("misdated", account.misdated),
                    ("cut", account.cut),
                    ("dropped", account.dropped),
                    ("fault", account.faults),
                ):
                    bring(self._losses.labels(source, reason), number)
                self._seen.labels(source).set(account.last)
                self._silent.labels(source).set(account.silent)
                self._offset.labels(source).set(account.offset)
