"""All detectors: a new one is added here."""

from __future__ import annotations

from sentinel.detect.detector import Detector
from sentinel.detect.guessing import Guessing
from sentinel.detect.scan import Scan

__all__ = ["DETECTORS"]

DETECTORS: tuple[type[Detector], ...] = (Guessing, Scan)
"""In the order in which they see a batch."""
