"""Restraint: which alerts are told, to whom an alert matters more, and what becomes of the others."""

from sentinel.rule.restraint.restraint import Restrained, Restraint
from sentinel.rule.restraint.state import recall, restore, save
from sentinel.rule.restraint.threshold import Threshold, ThresholdType

__all__ = ["Restrained", "Restraint", "Threshold", "ThresholdType", "recall", "restore", "save"]
