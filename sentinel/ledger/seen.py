"""The devices seen, in memory: bounded against a flood of forged addresses, oldest slight evidence first out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sentinel.ledger.device import Device, Key
from sentinel.ledger.sight import Sight

__all__ = ["Seen"]


class Seen:
    """At most `limit` devices, in three ranks: fleeting, lasting, registered.

    Who is seen again moves to the end of its rank; room is made at the beginning of the lowest, so forged
    addresses push out each other and neither who answered a handshake nor who is registered.
    """

    def __init__(
        self, limit: int, facts: int, confirm: float, registered: Callable[[Key], bool] = lambda key: False
    ) -> None:
        self._limit = limit
        self._facts = facts
        self._confirm = confirm
        self._registered = registered
        self._fleeting: dict[Key, Device] = {}
        self._lasting: dict[Key, Device] = {}
        self._known: dict[Key, Device] = {}
        self._changed: dict[Key, Device] = {}
        self._gone: set[Key] = set()
        self.evicted = 0
        """Devices given up because the table was full."""

    def __len__(self) -> int:
        return len(self._fleeting) + len(self._lasting) + len(self._known)

    def __iter__(self) -> Iterator[Device]:
        for rank in (self._known, self._lasting, self._fleeting):
            yield from rank.values()

    def find(self, key: Key) -> Device | None:
        """The device, where it was seen."""
        return self._known.get(key) or self._lasting.get(key) or self._fleeting.get(key)

    def restore(self, devices: Iterable[Device]) -> None:
        """Take what a former life saw."""
        for device in sorted(devices, key=lambda device: device.last_seen):
            self._rank(device)[device.key] = device
            self._make_room()

    def rank_again(self) -> None:
        """The register changed: put everyone where they belong now."""
        devices = sorted(self, key=lambda device: device.last_seen)
        for rank in (self._fleeting, self._lasting, self._known):
            rank.clear()
        for device in devices:
            self._rank(device)[device.key] = device

    def take(self, sight: Sight) -> Device:
        """Take one sight of a device."""
        key = (sight.zone, sight.address)
        device = self._known.pop(key, None) or self._lasting.pop(key, None) or self._fleeting.pop(key, None)
        if device is None:
            device = Device(sight.zone, sight.address, sight.ts, sight.ts, facts=[])
            self._gone.discard(key)
        device.first_seen = min(device.first_seen, sight.ts)
        device.last_seen = max(device.last_seen, sight.ts)
        if sight.shaken or device.last_seen - device.first_seen >= self._confirm:
            device.lasting = True
        if sight.field:
            device.learn(sight.field, sight.value, sight.source, sight.confidence, sight.ts, self._facts)
        self._rank(device)[key] = device
        self._changed[key] = device
        self._make_room()
        return device

    def changes(self) -> tuple[list[Device], list[Key]]:
        """Devices that changed, and keys that were given up, since the last call."""
        changed, gone = list(self._changed.values()), sorted(self._gone)
        self._changed, self._gone = {}, set()
        return changed, gone

    def put_back(self, changed: Iterable[Device], gone: Iterable[Key]) -> None:
        """These could not be written: give them out again next time."""
        for device in changed:
            if self.find(device.key) is device:
                self._changed.setdefault(device.key, device)
        self._gone.update(key for key in gone if self.find(key) is None)

    def _rank(self, device: Device) -> dict[Key, Device]:
        if self._registered(device.key):
            return self._known
        return self._lasting if device.lasting else self._fleeting

    def _make_room(self) -> None:
        while len(self) > self._limit:
            rank = self._fleeting or self._lasting or self._known
            key = next(iter(rank))
            del rank[key]
            self._changed.pop(key, None)
            if len(self._gone) < 2 * self._limit:
                self._gone.add(key)
            self.evicted += 1
