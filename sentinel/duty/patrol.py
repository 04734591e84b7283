"""Patrols (巡检): what someone on duty saw, where and when."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from sentinel.duty.roster import Role

__all__ = ["Patrol", "PatrolResult"]


class PatrolResult(enum.StrEnum):
    """What a patrol comes to (form D3)."""

    NORMAL = "normal"
    ABNORMAL = "abnormal"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Patrol:
    """One record. It has no author but the one who was on duty and made it, and no time but when it was made."""

    ts: float
    person: str
    role: Role
    place: str
    result: PatrolResult
    note: str
