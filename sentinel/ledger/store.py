"""The ledger's tables, which nobody else knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from sentinel.ledger.device import Device, Fact, Key

__all__ = ["LedgerStore"]

_COLUMNS = "zone, address, first_seen, last_seen, lasting, facts"
_encode = msgspec.json.Encoder().encode
_facts = msgspec.json.Decoder(list[Fact]).decode


class LedgerStore:
    """Reads and writes with a connection, inside the caller's transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def put_devices(self, changed: Iterable[tuple[Any, ...]], gone: Iterable[Key]) -> None:
        """Write rows that `row_of` made of devices, and take out those given up."""
        self._connection.executemany("DELETE FROM device WHERE zone = ? AND address = ?", gone)
        self._connection.executemany(
            f"INSERT OR REPLACE INTO device ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", changed
        )

    def devices(self, zone: str | None = None, address: str | None = None) -> list[Device]:
        """Those seen, of a zone and with an address where these are given, in order of last sight."""
        wanted = {"zone": zone, "address": address}
        where = " AND ".join(f"{name} = :{name}" for name, value in wanted.items() if value is not None)
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM device WHERE {where or '1'} ORDER BY last_seen", wanted
        )
        return [
            Device(zone, address, first, last, bool(lasting), _facts(facts))
            for zone, address, first, last, lasting, facts in rows
        ]


def row_of(device: Device) -> tuple[Any, ...]:
    """A device as a row, independent of what becomes of it afterwards."""
    return (
        device.zone,
        device.address,
        device.first_seen,
        device.last_seen,
        int(device.lasting),
        _encode(device.facts).decode(),
    )
