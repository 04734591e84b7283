"""Settings of the duty desk."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DutySettings"]


@dataclass(frozen=True, slots=True)
class DutySettings:
    """Whose duty it is, and by which clock on the wall."""

    zone: str = "Asia/Shanghai"
    """IANA name of the zone of the roster's times and of the days that reports tell of."""
    unit: str = ""
    """Name of the unit, at the head of reports."""
