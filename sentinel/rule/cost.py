"""What each rule costs: how often the indexes called for it, how often it held, how long it took to ask."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Cost"]


@dataclass(slots=True)
class Cost:
    """Of one rule, so far."""

    asked: int = 0
    """Events for which its whole condition was asked."""
    held: int = 0
    seconds: float = 0.0
    """Spent on asking, beside the indexes that all rules share."""
