"""The device ledger."""

from __future__ import annotations

from sentinel.ledger import LedgerAccount
from sentinel.metrics.series import Growth, Series

__all__ = ["LedgerMetrics"]

_ASSETS = ("registered", "seen", "accurate", "complete")


class LedgerMetrics:
    """What is seen, registered, and different."""

    def __init__(self, series: Series) -> None:
        self._series = series
        self._growth = Growth()
        self._devices = series.gauge("sentinel_ledger_devices", "Devices seen that the ledger holds.")
        self._registered = series.gauge("sentinel_ledger_registered", "Addresses in the register.")
        self._devices_evicted = series.counter(
            "sentinel_ledger_evicted", "Devices given up because the table was full."
        )
        self._assets = series.gauge(
            "sentinel_ledger_assets",
            "Assets: registered, of them seen lately, accurate (seen as registered), complete.",
            "state",
        )
        self._differences = series.gauge(
            "sentinel_ledger_differences", "Open differences between what is seen and registered.", "kind"
        )
        self._differences_waiting = series.gauge(
            "sentinel_ledger_differences_waiting", "Differences that are told later: too many at once."
        )

    def take(self, account: LedgerAccount) -> None:
        """Take the ledger's numbers; call it again and again."""
        with self._series.lock:
            self._devices.set(account.devices)
            self._registered.set(account.registered)
            self._growth.bring(self._devices_evicted, account.evicted)
            for state in _ASSETS:
                self._assets.labels(state).set(getattr(account.coverage, state))
            for kind, number in account.differences.items():
                self._differences.labels(kind).set(number)
            self._differences_waiting.set(account.waiting)
