"""Settings of the duty desk."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel.duty.plan import PatrolPlan

__all__ = ["DutySettings", "ZeroReportSettings"]


@dataclass(frozen=True, slots=True)
class ZeroReportSettings:
    """The report that is made also when there is nothing to report (零报告)."""

    when: str = "guard"
    """`guard`: in guard periods; `always`; `never`: nobody is reminded of it."""
    at: str = "17:00"
    """When it is due, every day, on the duty's clock."""
    warn: float = 1800.0
    """Seconds before, when the officer is reminded."""
    escalate: float = 900.0
    """Seconds after which the person in charge is told that it is missing; the leader is told at once."""


@dataclass(frozen=True, slots=True)
class DutySettings:
    """Whose duty it is, and by which clock on the wall."""

    zone: str = "Asia/Shanghai"
    """IANA name of the zone of the roster's times and of the days that reports tell of."""
    unit: str = ""
    """Name of the unit, at the head of reports."""
    zero_report: ZeroReportSettings = ZeroReportSettings()
    patrols: tuple[PatrolPlan, ...] = ()
    """What is looked at, how often."""
