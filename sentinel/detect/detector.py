"""What every detector is: it reads events of some kinds and says what it concludes as notices."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from sentinel.detect.memory import Memory
from sentinel.detect.settings import DetectSettings
from sentinel.detect.table import Table
from sentinel.event import Notice
from sentinel.network import NetworkSet

__all__ = ["Detector", "Reader", "Scene"]

Reader = Callable[[Sequence[Any]], Iterable[Notice]]
"""Takes events of one kind in the order they came; gives what it concluded from them."""


@dataclass(slots=True)
class Scene:
    """What all detectors are told: the settings, and whose addresses are whose."""

    settings: DetectSettings
    local_networks: tuple[str, ...] = ()
    zone: ZoneInfo = ZoneInfo("UTC")
    """In which people keep their hours."""
    local: NetworkSet = field(init=False)
    """Our own addresses."""
    excused: NetworkSet = field(init=False)
    """Hosts that may scan and guess: authorised scanners, monitoring."""
    shared: NetworkSet = field(init=False)
    """Hosts that stand for many: proxies, address translation, resolvers."""

    def __post_init__(self) -> None:
        self.local = NetworkSet(self.local_networks)
        self.excused = NetworkSet(self.settings.authorised_scanners)
        self.shared = NetworkSet(self.settings.shared_hosts)


class Detector(ABC):
    """Counts in event time, keeps only what is bounded, and explains itself in figures.

    A subclass sets `name` and fills `reads` in its `__init__`.
    """

    name: ClassVar[str]
    """What it is called in the configuration, the metrics and docs/detectors.md."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.settings = scene.settings
        self.reads: Mapping[str, Reader] = {}
        """By kind of event: who reads it."""
        self.memories: dict[str, Memory[Any, Any]] = {}
        """By a name of its own, what must outlive the process."""
        self._tables: list[Table[Any, Any]] = []

    def finish(self) -> Iterable[Notice]:
        """The source is over: what can be concluded from what is still held."""
        return ()

    @property
    def entries(self) -> int:
        """Entries held now."""
        return sum(map(len, self._tables))

    @property
    def evicted(self) -> int:
        """Entries given up so far because a table was full."""
        return sum(table.evicted for table in self._tables)

    def table(self, make: Callable[[], Any], share: float = 1.0) -> Table[Any, Any]:
        """A table of its own, of `share` of the configured size, counted in `entries` and `evicted`."""
        table: Table[Any, Any] = Table(max(64, int(self.settings.max_entries * share)), make)
        self._tables.append(table)
        return table

    def notice(self, note: str, ts: float, **values: Any) -> Notice:
        """A notice; whether `src` and `dst` are ours is added."""
        local = self.scene.local
        src, dst = values.get("src"), values.get("dst")
        return Notice(
            ts=ts,
            note=note,
            local_src=None if src is None else src in local,
            local_dst=None if dst is None else dst in local,
            suppress_for=self.settings.quiet,
            **values,
        )
