"""Where what was seen and what is registered differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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
_OWN_NAMES = frozenset({"ntlm", "kerberos"})

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


@dataclass(frozen=True, slots=True)
class _Home:
    """Where something that only one machine has was seen first."""

    device: Device
    asset: Asset | None


class Comparison:
    """`look` at every device, then `finish`. `now` is the time of the newest sight: a blind capture makes no zombies."""

    def __init__(self, register: Register, settings: LedgerSettings, now: float) -> None:
        self._register = register
        self._settings = settings
        self._now = now
        self._risky = frozenset(settings.risky_ports)
        self.alive: set[Key] = set()
        """Registered addresses that were seen lately."""
        self._homes: dict[str, _Home] = {}
        self._since = now
        """When the first sight was."""

    def look(self, device: Device) -> Iterator[Difference]:
        """The differences at one device."""
        self._since = min(self._since, device.first_seen)
        if device.last_seen < self._now - self._settings.unseen:
            return
        row = self._register.at(device.key)
        if row is None:
            if not device.lasting:
                return
            yield from self._unregistered(device)
        else:
            self.alive.add(device.key)
            yield from self._drift(device, row.asset)
        asset = None if row is None else row.asset
        yield from self._exposed(device, asset)
        yield from self._double_homed(device, asset)

    def finish(self) -> Iterator[Difference]:
        """Zombies, once every device was looked at."""
        limit = self._now - self._settings.unseen
        if self._since > limit:
            return  # not watched for so long: nobody can be said to be missing
        for key, row in self._register.items():
            if key not in self.alive and row.registered_at <= limit:
                asset = row.asset
                yield Difference("zombie", *key, "", asset.department, asset.name, "", None, asset)

    def _unregistered(self, device: Device) -> Iterator[Difference]:
        mac = device.best("mac")
        said = mac.value if mac else ""
        moved = self._register.with_mac(said) if mac and mac.confidence >= _LIKELY else None
        if moved is not None:
            asset = moved.asset
            home = ", ".join(address for _, address in asset.addresses)
            yield Difference(
                "drift", *device.key, "address", asset.department, home, device.address, device, asset
            )
        elif device.first_seen <= self._now - self._settings.grace:
            yield Difference("shadow", *device.key, "", "", "", said, device, None)

    def _drift(self, device: Device, asset: Asset) -> Iterator[Difference]:
        mac = device.best("mac")
        one_interface = (
            len(asset.addresses) == 1
        )  # else which of them the registered MAC is, nobody wrote down
        if (
            one_interface
            and asset.mac
            and mac
            and mac.confidence >= _LIKELY
            and mac.value != asset.mac
            and not is_random(mac.value)
            and not is_shared(mac.value)
        ):
            yield Difference(
                "drift", *device.key, "mac", asset.department, asset.mac, mac.value, device, asset
            )
        vendor = device.best("vendor")
        if vendor and vendor.confidence >= _LIKELY and _another_maker(asset.vendor, vendor.value):
            yield Difference(
                "drift", *device.key, "vendor", asset.department, asset.vendor, vendor.value, device, asset
            )
        learned = device.first_seen + self._settings.learning
        services = [fact for fact in device.of("service") if fact.source != "scan"]
        known = {port_of(fact.value) for fact in services if fact.first_seen <= learned}
        for fact in services:
            fresh = fact.first_seen > learned and fact.confidence >= _LIKELY
            if fresh and _is_set_up(fact) and port_of(fact.value) not in known:
                yield Difference(
                    "drift", *device.key, "service", asset.department, "", fact.value, device, asset
                )

    def _exposed(self, device: Device, asset: Asset | None) -> Iterator[Difference]:
        department = asset.department if asset else ""
        for fact in device.facts:
            if fact.field not in ("service", "exposed") or fact.last_seen < self._now - self._settings.unseen:
                continue
            port, proto = port_of(fact.value)
            if port in self._risky and _is_set_up(fact):
                about = "outside" if fact.field == "exposed" else "inside"
                yield Difference(
                    "exposed", *device.key, about, department, "", f"{port}/{proto}", device, asset
                )

    def _double_homed(self, device: Device, asset: Asset | None) -> Iterator[Difference]:
        for mark in _marks(device):
            home = self._homes.setdefault(mark, _Home(device, asset))
            if home.device.zone == device.zone or (asset is not None and asset is home.asset):
                continue
            other = f"{home.device.zone}/{home.device.address}"
            department = asset.department if asset else ""
            yield Difference(
                "double_homed", *device.key, mark.partition(" ")[0], department, "", other, device, asset
            )
            return


def compare(
    devices: Iterable[Device], register: Register, settings: LedgerSettings, *, now: float
) -> Iterator[Difference]:
    """All differences."""
    comparison = Comparison(register, settings, now)
    for device in devices:
        yield from comparison.look(device)
    yield from comparison.finish()


def newest(devices: Iterable[Device]) -> float:
    """The time of the newest sight; 0 where nothing was seen."""
    return max((device.last_seen for device in devices), default=0.0)


def has_random_mac(device: Device) -> bool:
    """Whether the MAC address it shows tells nothing of which device it is."""
    mac = device.best("mac")
    return mac is not None and is_random(mac.value)


def port_of(service: str) -> tuple[int, str]:
    """Port and transport of a service such as `22/tcp ssh`."""
    port, _, rest = service.partition("/")
    return int(port), rest.partition(" ")[0]


def _another_maker(registered: str, seen: str) -> bool:
    """Both name a maker of whole devices, and not the same: an interface may be anybody's."""
    one, other = maker_of(registered), maker_of(seen)
    return one is not None and other is not None and one != other


def _is_set_up(fact: Fact) -> bool:
    return port_of(fact.value)[0] < _EPHEMERAL and "ftp-data" not in fact.value


def _marks(device: Device) -> Iterator[str]:
    """What no two machines have. Not a workstation's own name: machines copied from one image share theirs."""
    for fact in device.facts:
        if fact.confidence < _LIKELY:
            continue
        if fact.field == "mac" and not is_random(fact.value) and not is_shared(fact.value):
            yield f"mac {fact.value}"
        elif fact.field == "name" and fact.source in _OWN_NAMES:
            in_domain = fact.source == "kerberos" or "." in fact.value
            if in_domain:
                yield f"name {fact.value.lower()}"
