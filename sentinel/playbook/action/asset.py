"""Look up whose asset is at an address, and which assets are of one product."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from sentinel.ledger import Asset, LedgerStore
from sentinel.playbook.action.act import Act, Call, Parameter, Result
from sentinel.playbook.fault import ActionFailed
from sentinel.text import Message, text

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["LookUpAsset", "LookUpProduct"]

_FIELDS: Final = (
    "department", "name", "category", "responsible", "phone", "location", "system", "protection_level",
    "access_class", "developer", "product", "version", "mac",
)  # fmt: skip
_CALLED: Final = ("department", "responsible", "phone")
"""What an instruction names: says so where it is not known, for a blank tells nobody anything."""
_SEEN: Final = ("mac", "name")
"""Fields that an unregistered device shows by itself."""
_MOST: Final = 100
"""Assets of one product that are listed; all are counted."""


class LookUpAsset(Act):
    """`found`, `cii` and the register's fields for `save`; MAC address and name else as they were seen.

    What is no address (a name, say) is registered nowhere. Where several zones have the address and none is asked
    for, a field holds all of its values.
    """

    name = "look-up-asset"
    parameters = {"address": Parameter("string"), "zone": Parameter("string", False)}
    transactional = True
    touches = False

    async def act(self, call: Call) -> Result:
        address, zone = call.arguments["address"], call.arguments.get("zone")

        def commit(database: Database) -> Mapping[str, Any]:
            ledger = LedgerStore(database.conn)
            assets = [row.asset for row in ledger.at(address, zone)]
            values: dict[str, Any] = {name: _joined(getattr(one, name) for one in assets) for name in _FIELDS}
            for name in _SEEN:
                values[name] = values[name] or _joined(
                    fact.value for device in ledger.devices(zone, address) if (fact := device.best(name))
                )
            for name in _CALLED:
                values[name] = values[name] or text("playbook.unregistered")
            return {**values, "found": bool(assets), "cii": any(one.cii for one in assets)}

        return Result(commit=commit)


class LookUpProduct(Act):
    """Every registered asset of a developer, product, version, as far as these are given: `number`, and `list`."""

    name = "look-up-product"
    parameters = {
        "developer": Parameter("string", False),
        "product": Parameter("string", False),
        "version": Parameter("string", False),
    }
    transactional = True
    touches = False

    async def act(self, call: Call) -> Result:
        """Each line of `list` names an asset and whom to call. Raises ActionFailed where nothing is asked for."""
        asked = {name: str(value) for name, value in call.arguments.items() if value}
        if not asked:
            raise ActionFailed(Message("playbook.no-product"))

        def commit(database: Database) -> Mapping[str, Any]:
            rows = LedgerStore(database.conn).of_product(**asked)
            found = sorted((row.asset for row in rows), key=lambda asset: (asset.department, asset.name))
            return {"number": len(found), "list": "\n".join(_line(asset) for asset in found[:_MOST])}

        return Result(commit=commit)


def _joined(values: Iterable[str]) -> str:
    return "、".join(dict.fromkeys(value for value in values if value))


def _line(asset: Asset) -> str:
    addresses = _joined(address for _, address in asset.addresses)
    said = (asset.department, asset.name, addresses, asset.version, asset.responsible, asset.phone)
    return " ".join(value for value in said if value)
