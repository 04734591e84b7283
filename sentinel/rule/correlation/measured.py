"""A tracker that tells what it costs; for `sentinel rules stats` alone, since looking at the clock costs too."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sentinel.rule.correlation.correlation import Correlation
from sentinel.rule.correlation.match import Match
from sentinel.rule.correlation.tracker import Firing, Hits, Tracker
from sentinel.rule.cost import Cost
from sentinel.rule.settings import CorrelationSettings

__all__ = ["MeasuredTracker"]


class MeasuredTracker(Tracker):
    """Counts in `cost` the matches offered, how often the correlation held, and the time taken."""

    def __init__(self, correlation: Correlation, settings: CorrelationSettings, cost: Cost) -> None:
        super().__init__(correlation, settings)
        self._cost = cost

    def offer(self, t: int, rule: str, values: Mapping[str, Any], match: Match) -> Firing | None:
        """The same, measured."""
        began = time.perf_counter()
        firing = super().offer(t, rule, values, match)
        self._count(began, int(firing is not None))
        return firing

    def offer_together(self, t: int, hits: Hits, match: Match) -> list[Firing]:
        """The same, measured."""
        began = time.perf_counter()
        firings = super().offer_together(t, hits, match)
        self._count(began, len(firings))
        return firings

    def _count(self, began: float, held: int) -> None:
        self._cost.seconds += time.perf_counter() - began
        self._cost.asked += 1
        self._cost.held += held
