"""Whose address it is: our own, excused from detectors, declared unused."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

__all__ = ["NetworkSet"]

_REMEMBERED = 1 << 16


class NetworkSet:
    """Prefixes; answers for one address, as text, are remembered."""

    def __init__(self, networks: Sequence[str]) -> None:
        parsed = [ipaddress.ip_network(network, strict=False) for network in networks]
        self._prefixes = {
            version: [
                (int(network.netmask), int(network.network_address))
                for network in parsed
                if network.version == version
            ]
            for version in (4, 6)
        }
        self._known: dict[str, bool] = {}
        self.empty = not parsed

    def __contains__(self, address: str | None) -> bool:
        if self.empty or address is None:
            return False
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[address] = self._look_up(address)
        return known

    def _look_up(self, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        number = int(address)
        return any(number & mask == prefix for mask, prefix in self._prefixes[address.version])
