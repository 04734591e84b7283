"""The Alert: one rule that fired on one event (or, for a correlation, on the event that completed it)."""

from __future__ import annotations

import enum
from typing import Any

import msgspec

__all__ = ["Alert", "Level"]


class Level(enum.StrEnum):
    """Sigma's levels, least first."""

    INFORMATIONAL = "informational"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for informational … 4 for critical."""
        return list(Level).index(self)


class Alert(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One line of `alerts.log` and one row of the store."""

    ts: float
    """Event time, seconds since 1970 UTC."""
    id: str
    """Same event and rule, same id: a repeated delivery is recognised by it."""
    level: Level
    title: str
    """What happened, in Chinese."""
    title_en: str | None = None
    rule_id: str
    """The Sigma rule's `id` (a UUID)."""
    tags: list[str] = []
    """Sigma tags: `attack.t1190`, `cve.2021-44228` …"""
    category: str | None = None
    """GB/T 20986-2023 category code, such as NAEXPLOIT."""
    description: str | None = None
    respond: str | None = None
    """What the duty officer does first."""
    kind: str
    """Kind of the event that fired it."""
    uid: str | None = None
    src: str | None = None
    """Address of the originator."""
    src_port: int | None = None
    dst: str | None = None
    dst_port: int | None = None
    zone: str | None = None
    fields: dict[str, Any] = {}
    """Evidence: the event's fields that the rule looked at, by wire name, bytes as escaped text, cut to 512 characters."""
    drill: bool = False
    """Part of a drill: marked everywhere, never told outside."""
