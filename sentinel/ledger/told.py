"""Differences that were told: each once when it begins, once more when it has ended, so many at a time."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import msgspec

from sentinel.event import Ledger as LedgerEvent
from sentinel.ledger.asset import Asset
from sentinel.ledger.compare import Difference, DifferenceKey, has_random_mac, port_of
from sentinel.ledger.device import Device, Key
from sentinel.ledger.settings import LedgerSettings

__all__ = ["News", "Told", "event_of"]

_ORDER = {"double_homed": 0, "exposed": 1, "drift": 2, "shadow": 3, "zombie": 4}
"""Which are told first where not all can be."""


@dataclass(frozen=True, slots=True)
class News:
    """What a comparison adds to what was told: write it down, then `keep` and announce it."""

    begun: Mapping[DifferenceKey, LedgerEvent]
    ended: Mapping[DifferenceKey, LedgerEvent]
    waiting: int
    """How many more there are, to be told after later comparisons."""


@dataclass(slots=True)
class _Open:
    event: LedgerEvent
    held: float
    """When a comparison last found it."""


class Told:
    """The differences that are open. Times are seconds since 1970 UTC by the caller's clock, which stamps the events."""

    def __init__(self, settings: LedgerSettings) -> None:
        self._settings = settings
        self._open: dict[DifferenceKey, _Open] = {}
        self._numbers = Counter(dict.fromkeys(_ORDER, 0))
        self.waiting = 0
        """How many could not be told yet."""

    def __len__(self) -> int:
        return len(self._open)

    def numbers(self) -> dict[str, int]:
        """How many of each kind are open."""
        return dict(self._numbers)

    def restore(self, told: Mapping[DifferenceKey, LedgerEvent], now: float) -> None:
        """Take up what a former life told."""
        self._open = {key: _Open(event, now) for key, event in told.items()}
        self._numbers.update(key[0] for key in told)

    def news(self, found: Iterable[Difference], knows: Callable[[Key], bool], now: float) -> News:
        """What to tell after a comparison that found these. A device of which nothing is known any more proves nothing."""
        current: dict[DifferenceKey, Difference] = {}
        for one in found:
            current.setdefault(one.key, one)
        over: list[DifferenceKey] = []
        for key, told in self._open.items():
            event = told.event
            forgotten = event.difference != "zombie" and not knows((event.zone or "", event.host))
            if key in current or (forgotten and now - event.ts < self._settings.unseen):
                told.held = now
            elif now - told.held >= self._settings.settle:
                over.append(key)
        fresh = [key for key in current if key not in self._open]
        room = max(0, self._settings.differences - len(self._open))
        most = min(self._settings.told, room)
        begun = heapq.nsmallest(most, fresh, key=lambda key: (_ORDER[key[0]], key))
        ended = over[: self._settings.told]
        return News(
            {key: event_of(current[key], now) for key in begun},
            {key: msgspec.structs.replace(self._open[key].event, ts=now, state="ended") for key in ended},
            len(fresh) - len(begun) + len(over) - len(ended),
        )

    def keep(self, news: News, now: float) -> None:
        """These are written down."""
        self._open.update((key, _Open(event, now)) for key, event in news.begun.items())
        for key in news.ended:
            del self._open[key]
        self._numbers.update(key[0] for key in news.begun)
        self._numbers.subtract(key[0] for key in news.ended)
        self.waiting = news.waiting


def event_of(difference: Difference, now: float) -> LedgerEvent:
    """A difference, as it begins at `now`."""
    event = LedgerEvent(
        ts=now,
        difference=difference.kind,
        state="begun",
        host=difference.address,
        zone=difference.zone or None,
        about=difference.about or None,
        registered=difference.registered or None,
        seen=difference.seen or None,
    )
    if difference.kind == "exposed":
        event.p, event.proto = port_of(difference.seen)
    if difference.device is not None:
        _tell_device(event, difference.device)
    if difference.asset is not None:
        _tell_asset(event, difference.asset)
    return event


def _tell_device(event: LedgerEvent, device: Device) -> None:
    mac, name = device.best("mac"), device.best("name")
    event.mac = mac.value if mac else None
    event.random_mac = has_random_mac(device) or None
    event.name = name.value if name else None
    event.first_seen, event.last_seen = device.first_seen, device.last_seen


def _tell_asset(event: LedgerEvent, asset: Asset) -> None:
    event.asset = asset.name
    event.department = asset.department
    event.responsible = asset.responsible or None
    event.system = asset.system or None
    event.protection_level = asset.protection_level or None
    event.access_class = asset.access_class or None
    event.cii = asset.cii or None
