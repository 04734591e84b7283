"""What is measured, for Prometheus: a file for each part of the daemon, all on one page."""

from sentinel.metrics.capture import CAUSES, STAGES
from sentinel.metrics.page import Metrics, MetricsError

__all__ = ["CAUSES", "STAGES", "Metrics", "MetricsError"]
