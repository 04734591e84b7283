"""Settings of incidents: grouping, inhibition, clocks."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ClockSettings", "IncidentSettings", "InhibitSettings"]


@dataclass(frozen=True, slots=True)
class ClockSettings:
    """Seconds that people have; 0 switches a clock off. Sources stand beside each key in `config.yaml`."""

    acknowledge: float = 600.0
    assess: float = 1800.0
    tamper: float = 1800.0
    """From discovery to containment, for web pages that were changed."""
    report: float = 4 * 3600.0
    """From discovery to the report, for incidents of level III and above."""
    report_cii: float = 3600.0
    """The same where critical information infrastructure is hit."""
    summary: float = 30 * 86400.0
    """From the close to the summary, for incidents that had to be reported."""
    warn: float = 0.5
    """Share of a clock after which it warns."""
    escalate: float = 900.0
    """Seconds overdue after which the next one in the roster is told."""


@dataclass(frozen=True, slots=True)
class InhibitSettings:
    """While an incident that meets `when` is open, alerts that meet `suppress` only count on it."""

    when: tuple[str, ...]
    """Matchers over the incident's fields: `category=DE*`, `src=10.1.0.0/16` …"""
    suppress: tuple[str, ...]
    equal: tuple[str, ...] = ()
    """Fields that must be the same in both."""


@dataclass(frozen=True, slots=True)
class IncidentSettings:
    """How alerts become incidents."""

    minimum: str = "medium"
    """Alerts below open no incident; they join one that is open."""
    window: float = 1800.0
    """Seconds (of events) without a further alert after which the next one opens a new incident."""
    longest: float = 86400.0
    """An incident takes alerts for so many seconds (of events) at most."""
    storm: int = 20
    """Open incidents of one family in a window; past that, further ones of the family become one."""
    findings: int = 1000
    """Different findings an incident lists; later ones are only counted."""
    keys: int = 200_000
    """Keys of all open incidents together, up to three for each finding; past that, those without alerts for longest
    take no further ones: what comes then is a new incident."""
    clauses: str = ""
    """A file of this site's grading clauses; empty: those that come along."""
    attachments: str = "state/attachments"
    """Folder of what people attach."""
    attachment_size: int = 100 << 20
    clock: ClockSettings = ClockSettings()
    inhibit: tuple[InhibitSettings, ...] = ()
