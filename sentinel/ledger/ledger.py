"""The ledger: takes events, and finds the device at an address."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from sentinel.event import Conn, Event
from sentinel.ledger.asset import Asset
from sentinel.ledger.device import Key
from sentinel.ledger.networks import OurNetworks
from sentinel.ledger.register import Register
from sentinel.ledger.seen import Seen
from sentinel.ledger.settings import LedgerSettings
from sentinel.ledger.sight import READ, Sight, sights

__all__ = ["Ledger"]

_WAITING = 1 << 16
"""Flows whose zone is not known yet, at most."""
_OF_FLOW = 8
"""Sights of one such flow, at most."""


class Ledger:
    """What was seen, in memory. `zoned` says that zones are declared: then only a flow's end tells its zone."""

    kinds = READ
    """Kinds of event that it must be given."""

    def __init__(
        self, settings: LedgerSettings, local_networks: Sequence[str], *, zoned: bool = False
    ) -> None:
        self._ours = OurNetworks(local_networks)
        self._zoned = zoned
        self._waiting: OrderedDict[str, list[Sight]] = OrderedDict()
        self.registered = Register()
        self.seen = Seen(settings.devices, settings.facts, settings.confirm, self._is_registered)
        self.unplaced = 0
        """Sights given up because their flow's end did not come in time to tell the zone."""

    def take(self, events: Sequence[Event]) -> None:
        """Take events in the order they come."""
        for event in events:
            for sight in sights(event):
                if sight.address in self._ours:
                    self._take(sight)
            if self._zoned and isinstance(event, Conn):
                for sight in self._waiting.pop(event.uid, ()):
                    self.seen.take(sight, event.zone or "")

    def take_sights(self, sights: Iterable[Sight]) -> None:
        """Take what was seen otherwise than by events, each with its zone."""
        for sight in sights:
            if sight.address in self._ours:
                self.seen.take(sight, sight.zone or "")

    def register(self, register: Register) -> None:
        """Take the whole register, in the place of what was known of it."""
        self.registered = register
        self.seen.rank_again()

    def find(self, zone: str | None, address: str, /) -> Asset | None:
        """What is registered at an address of a zone; O(1), from any thread."""
        row = self.registered.at((zone or "", address))
        return None if row is None else row.asset

    def _is_registered(self, key: Key) -> bool:
        return key in self.registered

    def _take(self, sight: Sight) -> None:
        if sight.zone is not None or not self._zoned or sight.uid is None:
            self.seen.take(sight, sight.zone or "")
            return
        held = self._waiting.setdefault(sight.uid, [])
        if len(held) < _OF_FLOW:
            held.append(sight)
        else:
            self.unplaced += 1
        if len(self._waiting) > _WAITING:
            _, given_up = self._waiting.popitem(last=False)
            self.unplaced += len(given_up)
