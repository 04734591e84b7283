"""Hand-over of a duty (交接班): what is handed over with what is still open, signed by who goes and by who comes."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sentinel.duty.roster import Role

__all__ = ["Answer", "Check", "Handover", "OpenItem"]


class Check(enum.StrEnum):
    """What who goes has looked at (form D2)."""

    POWER = "power"
    EQUIPMENT = "equipment"
    COOLING = "cooling"
    FIRE = "fire"
    ENVIRONMENT = "environment"
    SECURITY = "security"
    LINKS = "links"


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An incident that was open."""

    number: str
    title: str
    state: str
    level: int
    assignee: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The signature of who comes, or their refusal. The duty passes when it is accepted."""

    ts: float
    person: str
    accepted: bool
    note: str
    opened: Sequence[str]
    """Numbers of incidents that were opened after the offer and are open now."""


@dataclass(frozen=True, slots=True)
class Handover:
    """What who goes has signed at `ts`."""

    id: int
    ts: float
    role: Role
    giver: str
    taker: str
    patrol_at: float | None
    """The giver's last patrol before."""
    abnormal: Mapping[Check, str]
    """What is not as it should be, and how; everything else was found normal."""
    pending: str
    """Other things to do, in the giver's words."""
    reason: str
    """Why it is handed over although something forbids it."""
    items: Sequence[OpenItem]
    open_count: int
    """All open incidents, also those past the end of `items`."""
    digest: str
    """SHA-256 of all that, 64 hexadecimal digits: both sign the same."""
    answer: Answer | None = None
