"""Settings of state and output."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["OutputSettings", "StoreSettings"]


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """The database of what is small and precious."""

    path: str = "state/sentinel.sqlite"
    waiting: int = 10_000
    """Alerts kept in memory while the database cannot be written; later ones are counted as lost to it."""


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """Where events and alerts are written as JSON lines."""

    events: str = ""
    """A folder (a file per kind), `-` for standard output, or empty for nowhere."""
    alerts: str = "-"
    """A file, `-` for standard output, or empty for nowhere."""
