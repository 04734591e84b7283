"""The Change: what happened to an incident that someone may have to know."""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["Change", "ChangeKind", "Role"]


class ChangeKind(enum.StrEnum):
    """What happened."""

    CREATED = "created"
    GROWN = "grown"
    """Worse or much larger: a higher severity, or ten times as many alerts as when last said."""
    STATE = "state"
    LEVEL = "level"
    """The level was decided, or fell."""
    RAISED = "raised"
    """The level became graver."""
    CLOCK_WARNED = "clock_warned"
    CLOCK_OVERDUE = "clock_overdue"
    ESCALATED = "escalated"


class Role(enum.StrEnum):
    """Roles on duty, in the order in which a matter goes up."""

    OFFICER = "officer"
    """值班员"""
    LEADER = "leader"
    """带班领导"""
    IN_CHARGE = "in_charge"
    """负责人"""


@dataclass(frozen=True, slots=True)
class Change:
    """One change, committed before anyone is told. Numbers are as they stood after it."""

    incident: int
    number: str
    """The incident's number for people: `20261125-0007`."""
    kind: ChangeKind
    state: str
    severity: str
    """Sigma's level of the gravest alert: `high` …"""
    level: int
    """Level 1 (特别重大) to 4 (一般): what a person decided, else what the facts suggest."""
    title: str
    title_en: str | None
    role: Role
    alerts: int
    category: str
    department: str
    drill: bool
    at: float
    clock: str = ""
    """Which clock, for changes of clocks: `acknowledge` …"""
    due: float = 0.0
    """When that clock ends or ended; seconds since 1970 UTC."""
