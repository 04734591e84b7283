"""Settings of rules."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RuleSettings"]


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """Which rules run."""

    paths: tuple[str, ...] = ("rules",)
    """Files and folders (searched for *.yml) of Sigma rules."""
    disabled: tuple[str, ...] = ()
    """Rule ids that do not run."""
    minimum_level: str = "informational"
    """Matches of rules below this level make no alert."""
