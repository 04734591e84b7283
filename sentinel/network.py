"""Networks, asked which of them hold an address: one look-up for each length of prefix, however many there are."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["NetworkSet", "Networks"]

_REMEMBERED = 1 << 16


class Networks:
    """Prefixes (`address/length`, IPv4 and IPv6), each with bits of an integer that it gives. Raises ValueError."""

    def __init__(self, prefixes: Iterable[tuple[str, int]]) -> None:
        by_version: dict[int, dict[int, dict[int, int]]] = {4: {}, 6: {}}
        for prefix, bits in prefixes:
            network = ipaddress.ip_network(prefix, strict=False)
            same = by_version[network.version].setdefault(int(network.netmask), {})
            address = int(network.network_address)
            same[address] = same.get(address, 0) | bits
        self._masks = {version: list(masks.items()) for version, masks in by_version.items()}
        """By version: each mask, with the bits of its networks by their address."""

    @classmethod
    def plain(cls, prefixes: Iterable[str]) -> Networks:
        """Of which only matters whether one of them holds an address."""
        return cls((prefix, 1) for prefix in prefixes)

    def __bool__(self) -> bool:
        return any(self._masks.values())

    def bits(self, text: str) -> int:
        """The bits of all networks that hold this address; 0 where it is none."""
        version, address = _address(text)
        found = 0
        for mask, networks in self._masks.get(version, ()):
            found |= networks.get(address & mask, 0)
        return found

    def hold(self, text: str) -> bool:
        """Is this address in one of them?"""
        version, address = _address(text)
        for mask, networks in self._masks.get(version, ()):
            if address & mask in networks:
                return True
        return False


class NetworkSet:
    """Prefixes, asked for the same addresses again and again: answers are remembered, up to a bound."""

    def __init__(self, prefixes: Iterable[str]) -> None:
        self._networks = Networks.plain(prefixes)
        self._known: dict[str, bool] = {}
        self.empty = not self._networks

    def __contains__(self, address: str | None) -> bool:
        if self.empty or address is None:
            return False
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[address] = self.holds(address)
        return known

    def holds(self, address: str) -> bool:
        """Look it up. False for what is no address."""
        return self._networks.hold(address)


@lru_cache(maxsize=8192)
def _address(text: str) -> tuple[int, int]:
    """Version and number; version 0 for what is no address."""
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return 0, 0
    return parsed.version, int(parsed)
