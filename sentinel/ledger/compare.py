"""Where what was seen and what is registered differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from sentinel.ledger.asset import Asset
from sentinel.ledger.device import Device, Key

__all__ = ["Difference", "compare"]

_LIKELY = 50
"""Confidence from which a MAC address speaks against the registered one."""


class Difference(NamedTuple):
    """One of them, at one address."""

    kind: Literal["shadow", "zombie", "drift"]
    """`shadow`: seen and lasting, not registered. `zombie`: registered, not seen for so long. `drift`: another MAC."""
    zone: str
    address: str
    department: str
    registered: str
    seen: str


def compare(
    devices: Iterable[Device], assets: Iterable[Asset], *, now: float, unseen: float
) -> Iterator[Difference]:
    """All differences; `unseen` seconds before `now` an asset that was not seen since is a zombie."""
    register: dict[Key, Asset] = {key: asset for asset in assets for key in asset.addresses}
    alive: set[Key] = set()
    for device in devices:
        asset = register.get(device.key)
        mac = device.best("mac")
        if asset is None:
            if device.lasting:
                yield Difference("shadow", *device.key, "", "", mac.value if mac else "")
            continue
        if device.last_seen >= now - unseen:
            alive.add(device.key)
        one_interface = (
            len(asset.addresses) == 1
        )  # else which of them the registered MAC is, nobody wrote down
        if one_interface and asset.mac and mac and mac.confidence >= _LIKELY and mac.value != asset.mac:
            yield Difference("drift", *device.key, asset.department, asset.mac, mac.value)
    for key, asset in register.items():
        if key not in alive:
            yield Difference("zombie", *key, asset.department, asset.name, "")
