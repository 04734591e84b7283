"""Settings of rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = [
    "SHIPPED_LISTS",
    "AssetSettings",
    "CorrelationSettings",
    "MaintenanceSettings",
    "PlaceholderSettings",
    "RuleSettings",
    "ThresholdSettings",
]

SHIPPED_LISTS: Final[Mapping[str, Sequence[str]]] = MappingProxyType({"DecoyAccounts": ("sentinel-decoy*",)})
"""What placeholders of the shipped rules stand for where the configuration does not say."""


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
    lateness: float = 600.0
    """Seconds that a match may come late within its group and still be put in its place. A `conn` comes when its
    connection is over, with the time at which it began."""


@dataclass(frozen=True, slots=True)
class ThresholdSettings:
    """Which alerts of some rules are told, where there are many about one matter."""

    rules: tuple[str, ...] = ()
    """Rule ids; empty for every rule that has no threshold of its own."""
    type: str = "limit"
    """`limit` (the first `count` of a window), `threshold` (every `count`-th), `both` (the `count`-th alone),
    `backoff` (the `count`-th, then at ten, a hundred … times as many)."""
    count: int = 1
    timespan: float = 3600.0
    """Seconds from the first alert that counts."""
    by: str = "source"
    """What is counted apart: `rule`, `source`, `destination`, `pair`."""
    unique_on: str = ""
    """Field whose values count once each."""


@dataclass(frozen=True, slots=True)
class MaintenanceSettings:
    """Planned work, during which some alerts are expected: they are written down and nobody is told."""

    reason: str
    author: str
    until: str
    """When it is over, as `2026-11-26 06:00`; without an offset in the zone of `intake.zone`."""
    since: str = ""
    """When it begins; empty: it has begun."""
    hours: str = ""
    """Only in these hours of each day, as `22:00-06:00`."""
    rules: tuple[str, ...] = ()
    """Rule ids; empty for all."""
    addresses: tuple[str, ...] = ()
    """Networks of which source or target is one; empty for all."""


@dataclass(frozen=True, slots=True)
class AssetSettings:
    """A class of machines, whose alerts weigh more or less."""

    name: str
    shift: int
    """Levels up (or, negative, down) for alerts whose target, or else source, is one of them."""
    addresses: tuple[str, ...] = ()
    """Networks; empty for all of the zones."""
    zones: tuple[str, ...] = ()
    """Names of `flow.zones`; empty for any."""


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
    thresholds: tuple[ThresholdSettings, ...] = ()
    """A rule named here has this threshold, whatever its document says; the first entry counts."""
    maintenance: tuple[MaintenanceSettings, ...] = ()
    assets: tuple[AssetSettings, ...] = ()

    @property
    def lists(self) -> dict[str, Sequence[str]]:
        """What each placeholder stands for: the configuration's lists, else the shipped ones."""
        return {**SHIPPED_LISTS, **{one.name: one.values for one in self.placeholders}}
