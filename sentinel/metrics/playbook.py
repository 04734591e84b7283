"""Runs of playbooks."""

from __future__ import annotations

from collections.abc import Mapping

from sentinel.metrics.series import Series

__all__ = ["PlaybookMetrics"]


class PlaybookMetrics:
    """Under way, ended, held back."""

    def __init__(self, series: Series) -> None:
        self._open = series.gauge(
            "sentinel_playbook_open", "Runs under way, and their steps that wait for people.", "what"
        )
        self._ended = series.gauge(
            "sentinel_playbook_ended",
            "Runs that ended since the start, by how; steps caught by a death; starts held back.",
            "how",
        )

    def take(self, running: int, waiting: int, ended: Mapping[str, int]) -> None:
        """How the runs of playbooks do."""
        self._open.labels("runs").set(running)
        self._open.labels("steps").set(waiting)
        for how, number in ended.items():
            self._ended.labels(how).set(number)
