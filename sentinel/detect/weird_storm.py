"""Storms of oddities: one host whose traffic breaks the same rule of a protocol again and again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar

from sentinel.detect.detector import Detector, Scene
from sentinel.detect.sliding import Sliding
from sentinel.event import Notice, Weird
from sentinel.text import text

__all__ = ["WeirdStorm"]

_CONFLICT = "rexmit_inconsistency"


class _Source:
    __slots__ = ("count", "quiet_until")

    def __init__(self, window: float) -> None:
        self.count = Sliding(window)
        self.quiet_until = float("-inf")

    @property
    def weight(self) -> int:
        return int(self.count.total)


class WeirdStorm(Detector):
    """`Weird::Storm`, and `Weird::Conflicting_Retransmissions` for streams that were sent in two versions."""

    name: ClassVar[str] = "weird_storm"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._sources = self.table(partial(_Source, self.settings.weird_storm.window), 0.5)
        self.reads = {"weird": self._see}

    def _see(self, events: Sequence[Weird]) -> Iterator[Notice]:
        storm = self.settings.weird_storm
        for event in events:
            if event.orig_h is None:
                continue
            source = self._sources.at((event.orig_h, event.name))
            number = source.count.add(event.ts)
            threshold = storm.conflicts if event.name == _CONFLICT else storm.oddities
            if number < threshold or event.ts < source.quiet_until:
                continue
            source.quiet_until = event.ts + self.settings.quiet
            values = {"src": event.orig_h, "name": event.name, "number": round(number)}
            yield self.notice(
                f"Weird::{'Conflicting_Retransmissions' if event.name == _CONFLICT else 'Storm'}",
                event.ts,
                msg=text("detect.weird-storm", minutes=round(storm.window / 60), **values),
                sub=event.name,
                uid=event.uid,
                src=event.orig_h,
                dst=event.resp_h,
                p=event.resp_p,
                n=round(number),
                figures={"number": round(number), "threshold": threshold, "window_seconds": storm.window},
            )
