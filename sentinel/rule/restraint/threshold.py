"""Thresholds: of many alerts about one matter, which are told.

They are a rule's own (`sentinel: {threshold: …}` in its document) or the configuration's. A window begins with
the first alert that is counted and lasts the timespan; it is never aligned to a clock, and its time is the events'.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from sentinel.event import Alert
from sentinel.rule.fault import DocumentFault

__all__ = ["About", "Count", "Threshold", "ThresholdType", "read_threshold"]

_MOST_VALUES = 4096
"""Different values told apart in one window of `unique_on`; more count as new."""


class ThresholdType(enum.StrEnum):
    """Which alerts of a window are told."""

    LIMIT = "limit"
    """The first `count`."""
    THRESHOLD = "threshold"
    """Every `count`-th."""
    BOTH = "both"
    """The `count`-th, and no other."""
    BACKOFF = "backoff"
    """The `count`-th, and then each time there are ten times as many."""


class About(enum.StrEnum):
    """What is counted apart."""

    RULE = "rule"
    SOURCE = "source"
    DESTINATION = "destination"
    PAIR = "pair"

    def of(self, alert: Alert) -> str:
        """The matter that an alert is about."""
        return _READERS[self](alert)


_READERS: dict[About, Callable[[Alert], str]] = {
    About.RULE: lambda alert: "",
    About.SOURCE: lambda alert: alert.src or "",
    About.DESTINATION: lambda alert: alert.dst or "",
    About.PAIR: lambda alert: f"{alert.src or ''} → {alert.dst or ''}",
}


class Threshold(msgspec.Struct, frozen=True):
    """How the alerts of a rule are restrained."""

    type: ThresholdType = ThresholdType.LIMIT
    count: int = 1
    timespan: float = 3600.0
    """Seconds."""
    by: About = About.SOURCE
    unique_on: str | None = None
    """Alerts with a value of this field (or `src`, `dst`, `src_port`, `dst_port`) that came before do not count."""


class Count:
    """The alerts about one matter in one window."""

    __slots__ = ("begun", "due", "number", "told", "values")

    def __init__(self, ts: float, due: int) -> None:
        self.begun = ts
        self.number = 0
        self.due = due
        """The number that is told next, where the way is `backoff`."""
        self.told: float | None = None
        """Time of the latest alert that was told."""
        self.values: set[str] | None = None

    def over(self, ts: float, threshold: Threshold) -> bool:
        """Does an alert of `ts` begin a window of its own?"""
        return not -threshold.timespan <= ts - self.begun <= threshold.timespan

    def tells(self, alert: Alert, threshold: Threshold) -> str | None:
        """Count an alert; None where it is told, else the reason why not."""
        if not self.note(alert, threshold):
            return "unique"
        self.number += 1
        number, count = self.number, threshold.count
        told = False
        match threshold.type:
            case ThresholdType.LIMIT:
                told = number <= count
            case ThresholdType.THRESHOLD:
                told = number % count == 0
            case ThresholdType.BOTH:
                told = number == count
            case ThresholdType.BACKOFF:
                told = number == self.due
                if told:
                    self.due *= 10
        if not told:
            return threshold.type.value
        self.told = alert.ts if self.told is None else max(self.told, alert.ts)
        return None

    def note(self, alert: Alert, threshold: Threshold) -> bool:
        """Note the value that is to be unique; False where it came before."""
        if threshold.unique_on is None:
            return True
        value = str(_field(alert, threshold.unique_on))
        if self.values is None:
            self.values = set()
        if value in self.values:
            return False
        if len(self.values) < _MOST_VALUES:
            self.values.add(value)
        return True


def _field(alert: Alert, name: str) -> Any:
    if name in ("src", "dst", "src_port", "dst_port"):
        return getattr(alert, name)
    return alert.fields.get(name)


_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def read_threshold(written: Any) -> Threshold | None:
    """What a document says under `sentinel: {threshold: …}`. Raises DocumentFault."""
    if written is None:
        return None
    if isinstance(written, Mapping) and (timespan := _seconds(written.get("timespan", "1h"))) is not None:
        try:
            threshold = msgspec.convert({**written, "timespan": timespan}, Threshold, strict=True)
        except (msgspec.ValidationError, TypeError):
            threshold = None
        known = written.keys() <= set(Threshold.__struct_fields__)
        if threshold is not None and threshold.count >= 1 and known:
            return threshold
    raise DocumentFault("threshold", "threshold", written=written)


def _seconds(written: Any) -> float | None:
    if isinstance(written, (int, float)) and not isinstance(written, bool):
        return float(written) if 0 < written < 1e9 else None
    if isinstance(written, str) and written[-1:] in _UNITS and written[:-1].isdigit():
        return int(written[:-1]) * _UNITS[written[-1]] or None
    return None
