"""Messages to people and to other systems."""

from __future__ import annotations

from sentinel.metrics.series import Series

__all__ = ["NotifyMetrics"]


class NotifyMetrics:
    """By channel, as the configuration names it."""

    def __init__(self, series: Series) -> None:
        self._outbox = series.gauge("sentinel_outbox_waiting", "Messages not delivered yet.", "channel")
        self._notified = series.counter(
            "sentinel_notifications", "Attempts to deliver a message.", "channel", "outcome"
        )

    def waiting(self, channel: str, waiting: int) -> None:
        """So many messages wait for a channel."""
        self._outbox.labels(channel).set(waiting)
        for outcome in ("delivered", "retried", "failed"):
            self._notified.labels(channel, outcome)

    def attempted(self, channel: str, outcome: str, number: int = 1) -> None:
        """So many messages were `delivered`, are to be `retried`, or `failed` for good."""
        self._notified.labels(channel, outcome).inc(number)
