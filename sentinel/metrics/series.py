"""How series are made, and brought forward by what others count."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics

if TYPE_CHECKING:
    from prometheus_client import Metric

__all__ = ["OTHER", "Growth", "Series", "fold"]

OTHER = "other"
"""The label of all that has none of its own."""

# One more series for each counter, of no use beside the process start time.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Series:
    """Makes the series of one registry. Whoever changes several that belong together holds `lock`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.registry = _OneMoment(self.lock)

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        """A new counter; `text` is its help."""
        return Counter(name, text, labels, registry=self.registry)

    def gauge(self, name: str, text: str, *labels: str) -> Gauge:
        """A new gauge."""
        return Gauge(name, text, labels, registry=self.registry)


class Growth:
    """Totals of one source that counts since its own start: only what is beyond those seen is new."""

    def __init__(self) -> None:
        self._seen: dict[Counter, float] = {}

    def bring(self, counter: Counter, total: float) -> None:
        """Bring `counter` forward by what `total` has more than when it was last seen."""
        before = self._seen.get(counter, 0.0)
        if total > before:
            counter.inc(total - before)
            self._seen[counter] = total

    def begin(self) -> None:
        """The source counts from 0 again."""
        self._seen.clear()


def fold(counts: Mapping[str, float], known: Iterable[str]) -> dict[str, float]:
    """The counts of known names, and the sum of all others as `other`."""
    names = frozenset(known)
    folded: dict[str, float] = {}
    for name, count in counts.items():
        label = name if name in names else OTHER
        folded[label] = folded.get(label, 0) + count
    return folded


class _OneMoment(CollectorRegistry):
    """A registry that is read while nobody changes it, so that sums agree in every scrape."""

    def __init__(self, lock: threading.RLock) -> None:
        super().__init__()
        self._moment = lock

    def collect(self) -> Iterable[Metric]:
        with self._moment:
            return list(super().collect())
