"""Settings of rules."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CorrelationSettings", "PlaceholderSettings", "RuleSettings"]


@dataclass(frozen=True, slots=True)
class PlaceholderSettings:
    """What `%name%` stands for in rules with the `expand` modifier."""

    name: str
    values: tuple[str, ...]
    """Texts or patterns with `*` and `?`; one of them must hold."""


@dataclass(frozen=True, slots=True)
class CorrelationSettings:
    """How much correlations remember."""

    groups: int = 100_000
    """Groups that one correlation follows at once; past that the one idle for longest gives way."""
    entries: int = 10_000
    """Matches that one group remembers (more where a condition counts higher); past that the oldest go."""
    lateness: float = 60.0
    """Seconds that a match may come late within its group and still be put in its place."""


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """Which rules run."""

    paths: tuple[str, ...] = ("rules",)
    """Files and folders (searched for *.yml) of Sigma rules."""
    disabled: tuple[str, ...] = ()
    """Rule ids that do not run."""
    minimum_level: str = "informational"
    """Matches of rules below this level make no alert."""
    pipelines: tuple[str, ...] = ()
    """Files of processing pipelines of this site (pySigma's YAML), beside the shipped ones."""
    reload_interval: float = 5.0
    """Seconds between looks whether rule files changed; 0: only on SIGHUP."""
    placeholders: tuple[PlaceholderSettings, ...] = ()
    correlation: CorrelationSettings = CorrelationSettings()
