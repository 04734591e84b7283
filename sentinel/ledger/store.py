"""The ledger's tables, which nobody else knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from sentinel.event import Ledger as LedgerEvent
from sentinel.ledger.asset import Asset
from sentinel.ledger.compare import DifferenceKey
from sentinel.ledger.device import Device, Fact, Key
from sentinel.ledger.intake import Plan
from sentinel.ledger.register import Registered
from sentinel.ledger.told import News

__all__ = ["LedgerStore"]

_COLUMNS = "zone, address, first_seen, last_seen, lasting, facts"
_encode = msgspec.json.Encoder().encode
_asset = msgspec.json.Decoder(Asset).decode
_names = msgspec.json.Decoder(list[str]).decode
_facts = msgspec.json.Decoder(list[Fact]).decode
_event = msgspec.json.Decoder(LedgerEvent).decode


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

    def assets(self) -> list[Registered]:
        """Every registered asset."""
        rows = self._connection.execute(
            "SELECT id, document, locked, life, registered_at, changed_at FROM asset ORDER BY id"
        )
        return [
            Registered(id, _asset(document), frozenset(_names(locked)), *rest)
            for id, document, locked, *rest in rows
        ]

    def find(self, zone: str | None, address: str, /) -> Asset | None:
        """What is registered at an address of a zone."""
        row = self._connection.execute(
            "SELECT document FROM asset JOIN asset_address ON asset.id = asset_address.asset"
            " WHERE zone = ? AND address = ?",
            (zone or "", address),
        ).fetchone()
        return None if row is None else _asset(row[0])

    def apply(self, planned: Plan, *, actor: str, ts: float) -> None:
        """Register and change what a plan says; each on the asset's history."""
        for asset in planned.adds:
            cursor = self._connection.execute(
                "INSERT INTO asset (department, code, life, developer, product, version, registered_at,"
                " changed_at, document) VALUES (?, ?, 'registered', ?, ?, ?, ?, ?, ?)",
                (
                    asset.department,
                    asset.code,
                    asset.developer,
                    asset.product,
                    asset.version,
                    ts,
                    ts,
                    _written(asset),
                ),
            )
            self._addresses(cursor.lastrowid, asset)
            self._history(cursor.lastrowid, ts, actor, "registered", {"document": asset})
        for change in planned.changes:
            asset = change.asset
            (before,) = self._connection.execute(
                "SELECT document FROM asset WHERE id = ?", (change.id,)
            ).fetchone()
            self._connection.execute(
                "UPDATE asset SET department = ?, code = ?, life = 'changed', developer = ?, product = ?,"
                " version = ?, changed_at = ?, document = ? WHERE id = ?",
                (
                    asset.department,
                    asset.code,
                    asset.developer,
                    asset.product,
                    asset.version,
                    ts,
                    _written(asset),
                    change.id,
                ),
            )
            self._connection.execute("DELETE FROM asset_address WHERE asset = ?", (change.id,))
            self._addresses(change.id, asset)
            former = _asset(before)
            changes = {name: [getattr(former, name), getattr(asset, name)] for name in change.fields}
            self._history(change.id, ts, actor, "changed", changes)

    def told(self) -> dict[DifferenceKey, LedgerEvent]:
        """The differences that are open, each with the event that told it."""
        rows = self._connection.execute("SELECT kind, zone, address, about, document FROM asset_difference")
        return {
            (kind, zone, address, about): _event(document) for kind, zone, address, about, document in rows
        }

    def tell(self, news: News) -> None:
        """Write down what begun and what ended."""
        self._connection.executemany(
            "DELETE FROM asset_difference WHERE kind = ? AND zone = ? AND address = ? AND about = ?",
            news.ended,
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO asset_difference (kind, zone, address, about, first_ts, document)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [(*key, event.ts, _written(event)) for key, event in news.begun.items()],
        )

    def history(self, id: int) -> list[tuple[float, str, str, str]]:
        """When, who, what and the changes as JSON, oldest first."""
        query = "SELECT ts, actor, action, changes FROM asset_history WHERE asset = ? ORDER BY id"
        return list(self._connection.execute(query, (id,)))

    def revision(self) -> int:
        """Grows with every change of the register."""
        return int(self._connection.execute("SELECT coalesce(max(id), 0) FROM asset_history").fetchone()[0])

    def _addresses(self, id: int, asset: Asset) -> None:
        self._connection.executemany(
            "INSERT INTO asset_address (zone, address, asset) VALUES (?, ?, ?)",
            [(*key, id) for key in asset.addresses],
        )

    def _history(self, id: int, ts: float, actor: str, action: str, changes: Any) -> None:
        self._connection.execute(
            "INSERT INTO asset_history (asset, ts, actor, action, changes) VALUES (?, ?, ?, ?, ?)",
            (id, ts, actor, action, _encode(changes).decode()),
        )


def _written(document: Asset | LedgerEvent) -> str:
    return _encode(document).decode()


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
