"""`ledger`: what the network shows and what people registered differ, from when and until when (our own kind)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import Event

__all__ = ["Ledger"]


class Ledger(Event, kw_only=True):
    """One difference at one address. Each is told when it begins, and again only when it has ended."""

    kind: ClassVar[str] = "ledger"

    difference: str
    """`shadow` (影子), `zombie` (僵尸), `drift` (漂移), `exposed` (高危端口), `double_homed` (一机两网)."""
    state: str
    """`begun` or `ended`."""
    host: str
    """Address that it is about."""
    zone: str | None = None
    about: str | None = None
    """Of a drift: `mac`, `address`, `vendor`, `service`; of an exposed port, who got through: `inside`, `outside`."""
    registered: str | None = None
    """What is registered there."""
    seen: str | None = None
    """What was seen instead: a MAC address, a service, another zone's address …"""
    p: int | None = None
    """Port, where it is about one."""
    proto: str | None = None
    mac: str | None = None
    random_mac: bool | None = None
    """The MAC address is one that a phone or computer made up for itself: no sign of which device it is."""
    name: str | None = None
    """What the device calls itself."""
    asset: str | None = None
    """Name of the registered asset."""
    department: str | None = None
    responsible: str | None = None
    system: str | None = None
    protection_level: str | None = None
    """等保 level, 1 to 5."""
    access_class: str | None = None
    cii: bool | None = None
    first_seen: float | None = None
    """When the device was first seen; seconds since 1970 UTC."""
    last_seen: float | None = None

    @property
    def resp_h(self) -> str:
        """What an alert is about."""
        return self.host
