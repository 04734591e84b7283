"""The page that Prometheus reads: all parts together, and the server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from prometheus_client import ProcessCollector, start_http_server

from sentinel import __version__
from sentinel.metrics.capture import CaptureMetrics
from sentinel.metrics.finding import FindingMetrics
from sentinel.metrics.incident import IncidentMetrics
from sentinel.metrics.intake import IntakeMetrics
from sentinel.metrics.ledger import LedgerMetrics
from sentinel.metrics.notify import NotifyMetrics
from sentinel.metrics.playbook import PlaybookMetrics
from sentinel.metrics.rule import RuleMetrics
from sentinel.metrics.series import Series
from sentinel.metrics.store import StoreMetrics
from sentinel.metrics.watch import WatchMetrics
from sentinel.text import Message, MessageError

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer

    from sentinel.config import MetricsSettings

__all__ = ["Metrics", "MetricsError"]


class MetricsError(MessageError):
    """Nothing can be served at the configured address; the daemon goes on without."""


class Metrics:
    """All metrics of one daemon. Safe to call from any thread; a scrape never sees half of an update.

    All label sets that can be known are there from the start with 0, so that a first increase is seen as one.
    Labels never come from the network: interfaces, workers and rules are ours, all else is folded into `other`.

    `interfaces` are those known at the start; others are added with their first update. `clock` gives
    seconds since 1970 UTC.
    """

    def __init__(self, interfaces: Iterable[str] = (), clock: Callable[[], float] = time.time) -> None:
        series = Series()
        self.registry = series.registry
        self.findings = FindingMetrics(series)
        self.capture = CaptureMetrics(series, self.findings, clock)
        self.watch = WatchMetrics(series, self.findings)
        self.rules = RuleMetrics(series, self.findings)
        self.intake = IntakeMetrics(series)
        self.store = StoreMetrics(series)
        self.ledger = LedgerMetrics(series)
        self.incidents = IncidentMetrics(series)
        self.playbooks = PlaybookMetrics(series)
        self.notify = NotifyMetrics(series)
        self._server: WSGIServer | None = None
        self._thread: threading.Thread | None = None
        series.gauge("sentinel_build_info", "Version of the daemon.", "version").labels(__version__).set(1)
        ProcessCollector(registry=series.registry)
        for interface in interfaces:
            self.capture.interface(interface)

    def serve(self, settings: MetricsSettings) -> str | None:
        """Answer scrapes in a thread of its own; the address in use (`127.0.0.1:9108`), None when disabled.

        Port 0 takes any free one. Raises `MetricsError` when the address cannot be used.
        """
        if not settings.enabled:
            return None
        self.close()
        try:
            self._server, self._thread = start_http_server(settings.port, settings.listen, self.registry)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise MetricsError(
                Message("agent.metrics-failed", address=settings.listen, port=settings.port, reason=reason)
            ) from error
        shown = f"[{settings.listen}]" if ":" in settings.listen else settings.listen
        return f"{shown}:{self._server.server_port}"

    def close(self) -> None:
        """Stop answering and free the port."""
        server, thread, self._server, self._thread = self._server, self._thread, None, None
        if server is not None and thread is not None:
            server.shutdown()
            server.server_close()
            thread.join()
