"""`suppression`: alerts that rules made and nobody was told of, with the reason (our own kind)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import Event

__all__ = ["Suppression"]


class Suppression(Event, kw_only=True):
    """So many alerts of one rule about one matter, held back for one reason; `ts` is that of the last."""

    kind: ClassVar[str] = "suppression"

    rule_id: str
    title: str
    level: str
    """The highest of the alerts."""
    reason: str
    """`limit`, `threshold`, `both`, `backoff`, `unique` (thresholds) or `maintenance`."""
    note: str | None = None
    """What the person who planned the maintenance wrote."""
    author: str | None = None
    """Who that is."""
    about: str | None = None
    """What is counted apart: a source, a destination, a pair; None for the rule as a whole."""
    n: int
    """How many alerts."""
    first_ts: float
    """Time of the first."""
    src: str | None = None
    """Of the last."""
    dst: str | None = None
