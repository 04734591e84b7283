"""Behaviour that no rule on one event can say: detectors read events and write notices, which rules then grade."""

from sentinel.detect.detector import Detector, Scene
from sentinel.detect.known import DETECTORS
from sentinel.detect.settings import DetectSettings
from sentinel.detect.told import ToldNotices

__all__ = ["DETECTORS", "DetectSettings", "Detector", "Scene", "ToldNotices"]
