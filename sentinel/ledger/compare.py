"""Where what was seen and what is registered differ."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from sentinel.ledger.asset import Asset
from sentinel.ledger.device import Device, Fact, Key
from sentinel.ledger.mac import is_random, is_shared
from sentinel.ledger.register import Register
from sentinel.ledger.settings import LedgerSettings
from sentinel.ledger.vendor import maker_of

__all__ = ["Comparison", "Difference", "DifferenceKey", "compare", "newest"]

_LIKELY = 50
"""Confidence from which a fact speaks against the register."""
_EPHEMERAL = 32768
"""From this port on systems take ports for a moment: none of them is a service that someone set up."""

DifferenceKey = tuple[str, str, str, str]
"""Kind, zone, address, and what it is about: the same key is the same difference."""


class Difference(NamedTuple):
    """One of them, at one address."""

    kind: Literal["shadow", "zombie", "drift", "exposed", "double_homed"]
    """`shadow`: seen and lasting, not registered. `zombie`: registered, not seen for so long. `drift`: not as
    registered. `exposed`: a high-risk port that answers. `double_homed`: in two zones at once."""
    zone: str
    address: str
    about: str
    """As in `event.Ledger`."""
    department: str
    registered: str
    seen: str
    device: Device | None
    """None: never seen, or no longer known."""
    asset: Asset | None

    @property
    def key(self) -> DifferenceKey:
        """What it is known by. A device with a made-up MAC address is known by its name where it has one."""
        if self.kind == "shadow" and self.device is not None and has_random_mac(self.device):
            name = self.device.best("name")
            if name is not None:
                return self.kind, self.zone, "", name.value
        about = f"{self.about} {self.seen}" if self.kind in ("drift", "exposed", "double_homed") else ""
        return self.kind, self.zone, self.address, about


class Comparison:
    """`look` at every device, then `finish`. `now` is the time of the newest sight: a blind capture makes no zombies.

    `zoned` says that there are devices of more than one zone.
    """

    def __init__(
        self, register: Register, settings: LedgerSettings, *, now: float, zoned: bool = True
    ) -> None:
        self.register = register
        self._settings = settings
        self._zoned = zoned
        self._late = now - settings.unseen
        """Who was not seen since then is gone."""
        self._fresh = now - settings.grace
        self._risky = frozenset(settings.risky_ports)
        self.alive: set[Key] = set()
        """Registered addresses that were seen lately."""
        self._homes: dict[str, tuple[Device, Asset | None]] = {}
        """Where something that only one machine has was seen first."""
        self._since = now
        """When the first sight was."""

    def look(self, device: Device) -> list[Difference]:
        """The differences at one device."""
        found: list[Difference] = []
        if device.first_seen < self._since:
            self._since = device.first_seen
        if device.last_seen < self._late:
            return found
        key = device.key
        row = self.register.at(key)
        services = [fact for fact in device.facts if fact.field == "service" or fact.field == "exposed"]
        if row is not None:
            asset: Asset | None = row.asset
            self.alive.add(key)
            self._drift(device, row.asset, services, found)
        elif device.lasting:
            asset = None
            self._unregistered(device, found)
        else:
            return found
        for fact in services:
            port, proto = port_of(fact.value)
            if port in self._risky and fact.last_seen >= self._late and _is_set_up(fact.value):
                about = "outside" if fact.field == "exposed" else "inside"
                department = asset.department if asset else ""
                found.append(
                    Difference("exposed", *key, about, department, "", f"{port}/{proto}", device, asset)
                )
        if self._zoned:
            self._double_homed(device, asset, found)
        return found

    def whole(self, devices: Iterable[Device]) -> list[Difference]:
        """All differences. A device that agrees is not held, so a stream of them costs little."""
        found: list[Difference] = []
        for device in devices:
            found += self.look(device)
        found += self.finish()
        return found

    def finish(self) -> Iterator[Difference]:
        """Zombies, once every device was looked at."""
        if self._since > self._late:
            return  # not watched for so long: nobody can be said to be missing
        for key, row in self.register.items():
            if key not in self.alive and row.registered_at <= self._late:
                asset = row.asset
                yield Difference("zombie", *key, "", asset.department, asset.name, "", None, asset)

    def _unregistered(self, device: Device, found: list[Difference]) -> None:
        mac = device.best("mac")
        said = mac.value if mac else ""
        moved = self.register.with_mac(said) if mac and mac.confidence >= _LIKELY else None
        if moved is not None:
            asset = moved.asset
            home = ", ".join(address for _, address in asset.addresses)
            found.append(_drifted(device, asset, "address", home, device.address))
        elif device.first_seen <= self._fresh:
            found.append(Difference("shadow", *device.key, "", "", "", said, device, None))

    def _drift(self, device: Device, asset: Asset, services: Sequence[Fact], found: list[Difference]) -> None:
        if asset.mac and len(asset.addresses) == 1:  # else which interface has it, nobody wrote down
            mac = device.best("mac")
            if mac and mac.value != asset.mac and mac.confidence >= _LIKELY and _is_own(mac.value):
                found.append(_drifted(device, asset, "mac", asset.mac, mac.value))
        if asset.vendor:
            vendor = device.best("vendor")
            if vendor and vendor.confidence >= _LIKELY and _another_maker(asset.vendor, vendor.value):
                found.append(_drifted(device, asset, "vendor", asset.vendor, vendor.value))
        learned = device.first_seen + self._settings.learning
        for fact in services:
            if fact.first_seen > learned and _is_opened(fact, services, learned):
                found.append(_drifted(device, asset, "service", "", fact.value))

    def _double_homed(self, device: Device, asset: Asset | None, found: list[Difference]) -> None:
        for fact in device.facts:
            if not _is_mark(fact):
                continue
            other, its_asset = self._homes.setdefault(fact.value.lower(), (device, asset))
            if other.zone == device.zone or (asset is not None and asset is its_asset):
                continue
            department = asset.department if asset else ""
            home = f"{other.zone}/{other.address}"
            found.append(
                Difference("double_homed", *device.key, fact.field, department, "", home, device, asset)
            )
            return


def compare(
    devices: Collection[Device], register: Register, settings: LedgerSettings, *, now: float | None = None
) -> tuple[Comparison, list[Difference]]:
    """A whole comparison, and all differences; `now` is that of the newest sight where it is not given."""
    comparison = Comparison(
        register, settings, now=newest(devices) if now is None else now, zoned=have_zones(devices)
    )
    return comparison, comparison.whole(devices)


def have_zones(devices: Iterable[Device]) -> bool:
    """Whether they are of more than one zone."""
    return len({device.zone for device in devices}) > 1


def newest(devices: Iterable[Device]) -> float:
    """The time of the newest sight; 0 where nothing was seen."""
    return max((device.last_seen for device in devices), default=0.0)


def has_random_mac(device: Device) -> bool:
    """Whether the MAC address it shows tells nothing of which device it is."""
    mac = device.best("mac")
    return mac is not None and is_random(mac.value)


@lru_cache(1 << 16)
def port_of(service: str) -> tuple[int, str]:
    """Port and transport of a service such as `22/tcp ssh`."""
    port, _, rest = service.partition("/")
    return int(port), rest.partition(" ")[0]


@lru_cache(1 << 16)
def _is_set_up(service: str) -> bool:
    return port_of(service)[0] < _EPHEMERAL and "ftp-data" not in service


def _is_opened(fact: Fact, services: Sequence[Fact], learned: float) -> bool:
    """Whether a service opened after a device was learned: its port was silent before. A scan's answer tells no time."""
    if fact.field != "service" or fact.source == "scan" or fact.confidence < _LIKELY:
        return False
    known = {port_of(one.value) for one in services if one.first_seen <= learned}
    return _is_set_up(fact.value) and port_of(fact.value) not in known


def _drifted(device: Device, asset: Asset, about: str, registered: str, seen: str) -> Difference:
    return Difference("drift", *device.key, about, asset.department, registered, seen, device, asset)


def _another_maker(registered: str, seen: str) -> bool:
    """Both name a maker of whole devices, and not the same: an interface may be anybody's."""
    one, other = maker_of(registered), maker_of(seen)
    return one is not None and other is not None and one != other


def _is_own(mac: str) -> bool:
    """A MAC address of one interface, for good."""
    return not is_random(mac) and not is_shared(mac)


def _is_mark(fact: Fact) -> bool:
    """What no two machines have. Not a workstation's own name: machines copied from one image share theirs."""
    if fact.field == "mac":
        return fact.confidence >= _LIKELY and _is_own(fact.value)
    if fact.field == "name":
        in_domain = fact.source == "kerberos" or (fact.source == "ntlm" and "." in fact.value)
        return in_domain and fact.confidence >= _LIKELY
    return False
