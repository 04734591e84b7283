"""The store, and the queues before it."""

from __future__ import annotations

from sentinel.metrics.series import Growth, Series

__all__ = ["StoreMetrics"]


class StoreMetrics:
    """What was written, what waits, what was lost."""

    def __init__(self, series: Series) -> None:
        self._series = series
        self._growth = Growth()
        self._committed = series.counter("sentinel_alerts_committed", "Alerts written to the store.")
        self._errors = series.counter("sentinel_store_errors", "Writes to the store that failed.")
        self._queue_depth = series.gauge("sentinel_queue_depth", "Entries that wait in a queue.", "queue")
        self._queue_dropped = series.counter(
            "sentinel_queue_dropped", "Entries lost because a queue was full.", "queue"
        )

    def queue(self, name: str, depth: int, dropped: int) -> None:
        """State of a queue: entries waiting now, entries lost since it was made."""
        with self._series.lock:
            self._queue_depth.labels(name).set(depth)
            self._growth.bring(self._queue_dropped.labels(name), dropped)

    def failed(self) -> None:
        """A write to the store failed."""
        self._errors.inc()

    def committed(self, number: int) -> None:
        """So many more alerts are safe on disk."""
        self._committed.inc(number)
