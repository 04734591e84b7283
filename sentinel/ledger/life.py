"""The way of an asset: seen, claimed, registered, changed, retired (发现→认领→登记→变更→注销). Only people move it on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from sentinel.ledger.asset import FIELDS, Asset
from sentinel.ledger.fault import LedgerError
from sentinel.ledger.form import NEEDED, BadCell, Headings, clean, read_addresses, read_cell
from sentinel.ledger.mac import is_random, is_shared
from sentinel.ledger.register import Life, Registered
from sentinel.ledger.store import LedgerStore
from sentinel.text import Message

__all__ = ["Registrar", "read_values"]

_LIKELY = 50


def read_values(said: Sequence[str], headings: Headings, zone: str = "") -> dict[str, object]:
    """What people give as `责任人=某某` or `responsible=某某`, by field. Raises LedgerError."""
    values: dict[str, object] = {}
    for one in said:
        name, equals, written = one.partition("=")
        field = name if name in FIELDS else headings.field(name)
        if not equals or field is None or field == "zone":
            raise LedgerError(Message("asset.life.no-field", said=one))
        written = clean(written)
        try:
            if field == "addresses":
                values[field] = read_addresses(written, zone)
            elif field == "cii":
                values[field] = bool(read_cell(field, written))
            else:
                values[field] = read_cell(field, written)
        except BadCell as error:
            raise LedgerError(Message("asset.life.bad", said=one, reason=error)) from error
    return values


class Registrar:
    """One person's verbs on the register, in the caller's transaction. All raise LedgerError, and then change nothing."""

    def __init__(self, store: LedgerStore, headings: Headings, actor: str, ts: float) -> None:
        self._store = store
        self._headings = headings
        self._actor = actor
        self._ts = ts

    def claim(self, address: str, zone: str | None, values: Mapping[str, object]) -> int:
        """Say whose a device is that was seen. Where nothing else is said it has the name and MAC address it shows."""
        devices = list(self._store.devices(zone, address))
        if not devices:
            raise LedgerError(Message("asset.life.unseen", address=address))
        if len(devices) > 1:
            raise LedgerError(
                Message("asset.life.which-zone", zones=", ".join(d.zone or "-" for d in devices))
            )
        [device] = devices
        name, mac = device.best("name"), device.best("mac")
        shown: dict[str, object] = {
            "name": clean(name.value) if name else address,
            "addresses": (device.key,),
        }
        if mac and mac.confidence >= _LIKELY and not is_random(mac.value) and not is_shared(mac.value):
            shown["mac"] = mac.value
        asset = self._new(shown | dict(values))
        return self._store.add(asset, "claimed", actor=self._actor, ts=self._ts)

    def register(self, address: str, zone: str | None, values: Mapping[str, object]) -> int:
        """Register a new asset, or one that was claimed, with what is said of it."""
        claimed = [row for row in self._store.at(address, zone) if row.life == "claimed"]
        if len(claimed) == 1:
            [row] = claimed
            self._write(row, values, "registered")
            return row.id
        try:
            [key] = read_addresses(address, zone or "")
        except (BadCell, ValueError):
            raise LedgerError(Message("asset.bad.address", got=address)) from None
        asset = self._new({"addresses": (key,)} | dict(values))
        return self._store.add(asset, "registered", actor=self._actor, ts=self._ts)

    def change(self, row: Registered, values: Mapping[str, object]) -> None:
        """Change what is said of an asset; locked fields refuse."""
        self._write(row, values, "claimed" if row.life == "claimed" else "changed")

    def retire(self, row: Registered, reason: str) -> None:
        """Take an asset out of use: its address, seen again, is a shadow."""
        self._in_use(row)
        if not reason.strip():
            raise LedgerError(Message("asset.life.no-reason"))
        self._store.retire(row.id, reason.strip(), actor=self._actor, ts=self._ts)

    def lock(self, row: Registered, fields: Sequence[str], *, unlock: bool = False) -> None:
        """Fields that no import and no change may touch; `unlock` frees them."""
        self._in_use(row)
        locked = row.locked.difference(fields) if unlock else row.locked.union(fields)
        action = "unlocked" if unlock else "locked"
        self._store.lock(row.id, locked, action, actor=self._actor, ts=self._ts)

    def _write(self, row: Registered, values: Mapping[str, object], life: Life) -> None:
        self._in_use(row)
        asset = msgspec.structs.replace(row.asset, **values)
        changed = {name for name in FIELDS if getattr(asset, name) != getattr(row.asset, name)}
        if not changed and life != "registered":
            raise LedgerError(Message("asset.life.nothing"))
        if refused := sorted(row.locked & changed):
            raise LedgerError(Message("asset.life.locked-fields", fields=self._named(refused)))
        self._check(asset, row.id)
        self._store.change(row.id, asset, life, actor=self._actor, ts=self._ts)

    def _new(self, values: Mapping[str, object]) -> Asset:
        asset = msgspec.structs.replace(Asset("", "", ()), **values)
        self._check(asset, 0)
        return asset

    def _check(self, asset: Asset, id: int) -> None:
        """Complete, and at nobody else's addresses or number."""
        if missing := [field for field in (*NEEDED, "addresses") if not getattr(asset, field)]:
            raise LedgerError(Message("asset.life.missing", fields=self._named(missing)))
        for zone, address in asset.addresses:
            for other in self._store.at(address, zone):
                if other.id != id:
                    values = {"address": address, "id": other.id, "name": other.asset.name}
                    raise LedgerError(Message("asset.life.taken", **values))
        if asset.code and self._store.number_taken(asset.department, asset.code, id):
            raise LedgerError(
                Message("asset.life.number-taken", code=asset.code, department=asset.department)
            )

    def _named(self, fields: Sequence[str]) -> str:
        return ", ".join(map(self._headings.heading, fields))

    def _in_use(self, row: Registered) -> None:
        if row.life == "retired":
            raise LedgerError(Message("asset.life.already-retired", id=row.id))
