"""What became of one configured source's lines."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SourceAccount"]


@dataclass(slots=True)
class SourceAccount:
    """What became of one configured source's lines."""

    lines: int = 0
    events: int = 0
    unexplained: int = 0
    cut: int = 0
    misdated: int = 0
    """Lines whose time could not be: they count as of their arrival."""
    dropped: int = 0
    """Lines lost since no one could follow (UDP)."""
    last: float = 0.0
    """When something last came; 0 for never."""
    silent: int = 0
    """Senders that are silent for longer than usual, now."""
    offset: float = 0.0
    """The largest offset of a sender's clock now, seconds (positive: ahead)."""
    faults: int = 0
