"""The ledger: takes events, and finds the device at an address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sentinel.event import Event
from sentinel.ledger.asset import Asset
from sentinel.ledger.device import Key
from sentinel.ledger.networks import OurNetworks
from sentinel.ledger.register import Register
from sentinel.ledger.seen import Seen
from sentinel.ledger.settings import LedgerSettings
from sentinel.ledger.sight import READ, Sight, sights
from sentinel.ledger.stack import OURS

__all__ = ["Ledger"]


class Ledger:
    """What was seen, in memory."""

    kinds = READ
    """Kinds of event that it must be given."""

    def __init__(self, settings: LedgerSettings, local_networks: Sequence[str]) -> None:
        self._ours = OurNetworks(local_networks)
        self.registered = Register()
        self.stacks = OURS
        """By which TCP is told apart; a file of the administrator's may add to ours."""
        self.seen = Seen(settings.devices, settings.facts, settings.confirm, self._is_registered)

    def take(self, events: Sequence[Event]) -> None:
        """Take events in the order they come."""
        for event in events:
            self.take_sights(sights(event, self.stacks))

    def take_sights(self, sights: Iterable[Sight]) -> None:
        """Take what was seen, by events or otherwise."""
        for sight in sights:
            if sight.address in self._ours:
                self.seen.take(sight)

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
