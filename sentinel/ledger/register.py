"""The register in memory: the asset at an address, with a MAC address, of a number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from sentinel.ledger.asset import Asset
from sentinel.ledger.device import Key
from sentinel.ledger.mac import is_random, is_shared

__all__ = ["Life", "Register", "Registered"]

Life = Literal["claimed", "registered", "changed", "retired"]
"""认领, 登记, 变更, 注销: where an asset is on its way; before that it is only seen (发现)."""


class Registered(msgspec.Struct, frozen=True, gc=False):
    """An asset as the database holds it."""

    id: int
    asset: Asset
    locked: frozenset[str] = frozenset()
    """Fields that no import changes."""
    life: Life = "registered"
    registered_at: float = 0.0
    changed_at: float = 0.0


class Register:
    """Every asset in use; read-only, so any thread may ask."""

    def __init__(self, rows: Iterable[Registered] = ()) -> None:
        self._rows = {key: row for row in rows for key in row.asset.addresses}
        self._by_mac: dict[str, Registered | None] = {}
        for row in self.rows():
            if mac := row.asset.mac:
                self._by_mac[mac] = None if mac in self._by_mac else row

    def __len__(self) -> int:
        """Addresses registered."""
        return len(self._rows)

    def __contains__(self, key: Key) -> bool:
        return key in self._rows

    def rows(self) -> Iterator[Registered]:
        """Every asset, once."""
        return iter({row.id: row for row in self._rows.values()}.values())

    def items(self) -> Iterator[tuple[Key, Registered]]:
        """Every address with what is registered there."""
        return iter(self._rows.items())

    def at(self, key: Key) -> Registered | None:
        """What is registered at an address of a zone."""
        return self._rows.get(key)

    def with_mac(self, mac: str) -> Registered | None:
        """The one asset with this MAC address; None where none has it or several do, or it names no device."""
        row = self._by_mac.get(mac)
        return None if row is None or is_random(mac) or is_shared(mac) else row
