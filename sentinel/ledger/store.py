"""The ledger's tables, which nobody else knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from sentinel.event import Ledger as LedgerEvent
from sentinel.ledger.asset import FIELDS, Asset
from sentinel.ledger.compare import DifferenceKey
from sentinel.ledger.device import Device, Fact, Key
from sentinel.ledger.finding import Findings
from sentinel.ledger.intake import Plan
from sentinel.ledger.register import Life, Registered
from sentinel.ledger.sight import Sight
from sentinel.ledger.told import News

__all__ = ["LedgerStore", "Listed", "Wanted"]

_COLUMNS = "zone, address, first_seen, last_seen, lasting, facts"
_encode = msgspec.json.Encoder().encode
_asset = msgspec.json.Decoder(Asset).decode
_names = msgspec.json.Decoder(list[str]).decode


class _Compared(msgspec.Struct, gc=False):
    """What a comparison looks at and shows of an asset."""

    department: str
    name: str
    addresses: tuple[Key, ...]
    mac: str = ""
    responsible: str = ""
    vendor: str = ""


_compared = msgspec.json.Decoder(_Compared).decode
_facts = msgspec.json.Decoder(list[Fact]).decode
_event = msgspec.json.Decoder(LedgerEvent).decode
_sight = msgspec.json.Decoder(Sight).decode


_NONE: frozenset[str] = frozenset()
_MADE = "department, developer, product, version"
_PLACES = (
    f"SELECT device.zone AS zone, device.address AS address, last_seen, asset.id AS id, {_MADE} FROM device"
    " LEFT JOIN asset_address AS place ON place.zone = device.zone AND place.address = device.address"
    " LEFT JOIN asset ON asset.id = place.asset"
    f" UNION ALL SELECT place.zone, place.address, NULL, asset.id, {_MADE} FROM asset_address AS place"
    " JOIN asset ON asset.id = place.asset WHERE NOT EXISTS"
    " (SELECT 1 FROM device WHERE device.zone = place.zone AND device.address = place.address)"
)
"""Every address that was seen or is registered, without what makes its rows long."""
_WHOLE = (
    "SELECT chosen.zone, chosen.address, first_seen, device.last_seen, lasting, facts,"
    " asset.id, document, locked, life, registered_at, changed_at FROM ({chosen}) AS chosen"
    " LEFT JOIN device ON device.zone = chosen.zone AND device.address = chosen.address"
    " LEFT JOIN asset ON asset.id = chosen.id ORDER BY chosen.last_seen DESC, chosen.zone, chosen.address"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which devices and assets are listed; what is None is not asked for."""

    zone: str | None = None
    address: str | None = None
    department: str | None = None
    developer: str | None = None
    """Some of its name, as of the product's."""
    product: str | None = None
    version: str | None = None
    """How it begins."""
    registered: bool | None = None

    def condition(self) -> tuple[str, dict[str, object]]:
        """As SQL, and its values."""
        parts = {
            "zone": "zone = :zone",
            "address": "address = :address",
            "department": "department = :department",
            "developer": "instr(lower(developer), lower(:developer)) > 0",
            "product": "instr(lower(product), lower(:product)) > 0",
            "version": "substr(version, 1, length(:version)) = :version",
            "registered": "(id IS NOT NULL) = :registered",
        }
        values = {name: value for name in parts if (value := getattr(self, name)) is not None}
        return " AND ".join(["1", *(parts[name] for name in values)]), values


class Listed(NamedTuple):
    """What is known of one address: as seen, as registered, or both."""

    zone: str
    address: str
    device: Device | None
    registered: Registered | None


class LedgerStore:
    """Reads and writes with a connection, inside the caller's transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def put_devices(self, changed: Iterable[tuple[Any, ...]], gone: Iterable[Key]) -> None:
        """Write rows that `row_of` made of devices, and take out those given up."""
        changed = list(changed)  # read twice
        Findings(self._connection).devices(changed)
        self._connection.executemany("DELETE FROM device WHERE zone = ? AND address = ?", gone)
        self._connection.executemany(
            f"INSERT OR REPLACE INTO device ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", changed
        )

    def devices(self, zone: str | None = None, address: str | None = None) -> Iterator[Device]:
        """Those seen, of a zone and with an address where these are given; each as it is asked for."""
        wanted = {"zone": zone, "address": address}
        where = " AND ".join(f"{name} = :{name}" for name, value in wanted.items() if value is not None)
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM device WHERE {where or '1'}", wanted)
        for zone, address, first, last, lasting, facts in rows:
            yield Device(zone, address, first, last, bool(lasting), _facts(facts))

    def newest(self) -> tuple[float, bool]:
        """The time of the newest sight, 0 where nothing was seen; and whether devices are of more than one zone."""
        query = "SELECT coalesce(max(last_seen), 0), coalesce(min(zone) < max(zone), 0) FROM device"
        latest, zoned = self._connection.execute(query).fetchone()
        return float(latest), bool(zoned)

    def listed(self, wanted: Wanted, limit: int = 0) -> tuple[list[Listed], int]:
        """The devices and assets that are wanted, latest seen first, never seen last; and how many there are in all."""
        where, values = wanted.condition()
        places = f"FROM ({_PLACES}) WHERE {where}"
        chosen = f"SELECT * {places} ORDER BY last_seen DESC, zone, address LIMIT {limit or -1}"
        found = [_listed(row) for row in self._connection.execute(_WHOLE.format(chosen=chosen), values)]
        if not limit or len(found) < limit:
            return found, len(found)
        return found, int(self._connection.execute(f"SELECT count(*) {places}", values).fetchone()[0])

    def assets(self) -> list[Registered]:
        """Every asset in use."""
        return self._registered("life != 'retired' ORDER BY id")

    def compared_assets(self) -> list[Registered]:
        """Every asset in use with no more than a comparison looks at and shows: a third of the time of `assets`."""
        rows = self._connection.execute(
            "SELECT id, CAST(document AS BLOB), registered_at FROM asset WHERE life != 'retired' ORDER BY id"
        )
        found = []
        for id, document, registered_at in rows:
            one = _compared(document)
            asset = Asset(
                one.department,
                one.name,
                one.addresses,
                mac=one.mac,
                responsible=one.responsible,
                vendor=one.vendor,
            )
            found.append(Registered(id, asset, registered_at=registered_at))
        return found

    def asset(self, id: int) -> Registered | None:
        """One asset, in use or retired."""
        return next(iter(self._registered("id = ?", id)), None)

    def at(self, address: str, zone: str | None = None) -> list[Registered]:
        """What is registered at an address, in any zone or in one."""
        where = "id IN (SELECT asset FROM asset_address WHERE address = ?1 AND (?2 IS NULL OR zone = ?2))"
        return self._registered(where, address, zone)

    def find(self, zone: str | None, address: str, /) -> Asset | None:
        """What is registered at an address of a zone."""
        return next((row.asset for row in self.at(address, zone or "")), None)

    def number_taken(self, department: str, code: str, id: int) -> bool:
        """Whether another asset than `id` has this number in this department."""
        query = "SELECT 1 FROM asset WHERE department = ? AND code = ? AND id != ?"
        return self._connection.execute(query, (department, code, id)).fetchone() is not None

    def of_product(self, **asked: str) -> list[Registered]:
        """Assets in use of a `developer`, `product` and `version`, as far as these are given; in no order."""
        wanted = {name: asked[name] for name in ("developer", "product", "version") if name in asked}
        where = "".join(f" AND {name} = ?" for name in wanted)
        return self._registered(f"life != 'retired'{where}", *wanted.values())

    def apply(self, planned: Plan, *, actor: str, ts: float) -> None:
        """Register and change what a plan says; each on the asset's history."""
        for asset in planned.adds:
            self.add(asset, "registered", actor=actor, ts=ts)
        for change in planned.changes:
            self.change(change.id, change.asset, actor=actor, ts=ts)

    def add(self, asset: Asset, life: Life, *, actor: str, ts: float) -> int:
        """Take up a new asset; returns its number."""
        cursor = self._connection.execute(
            "INSERT INTO asset (life, registered_at, changed_at, department, code, developer, product, version,"
            " document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (life, ts, ts, *_columns(asset)),
        )
        id = int(cursor.lastrowid)
        self._addresses(id, asset)
        self._history(id, ts, actor, life, {"document": asset})
        return id

    def change(self, id: int, asset: Asset, life: Life | None = None, *, actor: str, ts: float) -> None:
        """Write down an asset as it is now. One that was claimed becomes registered, any other changed, or as told."""
        row = self.asset(id)
        assert row is not None
        life = life or ("registered" if row.life == "claimed" else "changed")
        self._connection.execute(
            "UPDATE asset SET life = ?, changed_at = ?, department = ?, code = ?, developer = ?, product = ?,"
            " version = ?, document = ? WHERE id = ?",
            (life, ts, *_columns(asset), id),
        )
        if asset.addresses != row.asset.addresses:
            self._connection.execute("DELETE FROM asset_address WHERE asset = ?", (id,))
            self._addresses(id, asset)
        pairs = {name: [getattr(row.asset, name), getattr(asset, name)] for name in FIELDS}
        changes = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
        self._history(id, ts, actor, life, changes)

    def retire(self, id: int, reason: str, *, actor: str, ts: float) -> None:
        """Take an asset out of use; its addresses and its number in the department become free."""
        self._connection.execute(
            "UPDATE asset SET life = 'retired', code = '', changed_at = ? WHERE id = ?", (ts, id)
        )
        self._connection.execute("DELETE FROM asset_address WHERE asset = ?", (id,))
        self._history(id, ts, actor, "retired", {"reason": reason})

    def lock(self, id: int, locked: frozenset[str], action: str, *, actor: str, ts: float) -> None:
        """Lock exactly these fields."""
        self._connection.execute(
            "UPDATE asset SET locked = ? WHERE id = ?", (_encode(sorted(locked)).decode(), id)
        )
        self._history(id, ts, actor, action, {"locked": sorted(locked)})

    def told(self) -> dict[DifferenceKey, LedgerEvent]:
        """The differences that are open, each with the event that told it."""
        rows = self._connection.execute("SELECT kind, zone, address, about, document FROM asset_difference")
        return {
            (kind, zone, address, about): _event(document) for kind, zone, address, about, document in rows
        }

    def tell(self, news: News) -> None:
        """Write down what begun and what ended, and that nobody was told so far."""
        Findings(self._connection).differences(news)
        self._connection.executemany(
            "DELETE FROM asset_difference WHERE kind = ? AND zone = ? AND address = ? AND about = ?",
            news.ended,
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO asset_difference (kind, zone, address, about, first_ts, document)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [(*key, event.ts, _written(event)) for key, event in news.begun.items()],
        )
        self._connection.executemany(
            "INSERT INTO asset_news (document) VALUES (?)",
            [(_written(event),) for event in (*news.begun.values(), *news.ended.values())],
        )

    def untold(self) -> list[tuple[int, LedgerEvent]]:
        """What begun or ended and may not have been told to the end, oldest first, each with its number."""
        rows = self._connection.execute("SELECT id, document FROM asset_news ORDER BY id")
        return [(id, _event(document)) for id, document in rows]

    def were_told(self, upto: int) -> None:
        """The alerts of these, up to this number, are committed."""
        self._connection.execute("DELETE FROM asset_news WHERE id <= ?", (upto,))

    def leave_sights(self, sights: Iterable[Sight]) -> None:
        """Leave what a command saw for the daemon."""
        rows = [(_encode(sight).decode(),) for sight in sights]
        self._connection.executemany("INSERT INTO asset_sight (document) VALUES (?)", rows)

    def left_sights(self, most: int) -> list[tuple[int, Sight]]:
        """What was left, oldest first, each with its number."""
        query = "SELECT id, document FROM asset_sight ORDER BY id LIMIT ?"
        return [(id, _sight(document)) for id, document in self._connection.execute(query, (most,))]

    def take_away_sights(self, upto: int) -> None:
        """These, up to this number, were taken up."""
        self._connection.execute("DELETE FROM asset_sight WHERE id <= ?", (upto,))

    def history(self, id: int) -> list[tuple[float, str, str, str]]:
        """When, who, what and the changes as JSON, oldest first."""
        query = "SELECT ts, actor, action, changes FROM asset_history WHERE asset = ? ORDER BY id"
        return list(self._connection.execute(query, (id,)))

    def changes_after(self, revision: int, limit: int) -> list[tuple[int, int, float, str, Asset]]:
        """What was changed after a `revision`: the new one, the asset's id, when, what, and the asset as it is now."""
        rows = self._connection.execute(
            "SELECT h.id, h.asset, h.ts, h.action, a.document FROM asset_history h JOIN asset a ON a.id = h.asset"
            " WHERE h.id > ? ORDER BY h.id LIMIT ?",
            (revision, limit),
        )
        return [(id, asset, ts, action, _asset(document)) for id, asset, ts, action, document in rows]

    def revision(self) -> int:
        """Grows with every change of the register."""
        return int(self._connection.execute("SELECT coalesce(max(id), 0) FROM asset_history").fetchone()[0])

    def _registered(self, where: str, *values: object) -> list[Registered]:
        rows = self._connection.execute(
            "SELECT id, CAST(document AS BLOB), locked, life, registered_at, changed_at FROM asset"
            f" WHERE {where}",  # bytes, as the decoder wants them: Chinese as a text would be coded twice more
            values,
        )
        return [
            Registered(id, _asset(document), _locked(locked), *rest) for id, document, locked, *rest in rows
        ]

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


def _locked(names: str) -> frozenset[str]:
    return _NONE if names == "[]" else frozenset(_names(names))


def _listed(row: tuple[Any, ...]) -> Listed:
    zone, address, first, last, lasting, facts, id, document, locked, *rest = row
    device = None if first is None else Device(zone, address, first, last, bool(lasting), _facts(facts))
    asset = None if id is None else Registered(id, _asset(document), _locked(locked), *rest)
    return Listed(zone, address, device, asset)


def _columns(asset: Asset) -> tuple[str, ...]:
    return asset.department, asset.code, asset.developer, asset.product, asset.version, _written(asset)


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
