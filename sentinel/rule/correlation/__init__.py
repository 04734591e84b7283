"""Correlations: Sigma documents about matches that belong together, over windows of event time."""

from sentinel.rule.correlation.correlation import Correlation, CorrelationType
from sentinel.rule.correlation.correlator import Correlator
from sentinel.rule.correlation.link import Links, link
from sentinel.rule.correlation.match import Match

__all__ = ["Correlation", "CorrelationType", "Correlator", "Links", "Match", "link"]
