"""Which addresses are ours: what the configuration declares, and never RFC 1918 by assumption."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

__all__ = ["OurNetworks"]

_REMEMBERED = 1 << 16


class OurNetworks:
    """Prefixes. Multicast, broadcast and unspecified addresses are nobody's."""

    def __init__(self, networks: Sequence[str]) -> None:
        parsed = [ipaddress.ip_network(network, strict=False) for network in networks]
        self._networks = {
            version: [network for network in parsed if network.version == version] for version in (4, 6)
        }
        self._known: dict[str, bool] = {}

    def __contains__(self, address: str) -> bool:
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[address] = self._look_up(address)
        return known

    def _look_up(self, written: str) -> bool:
        try:
            address = ipaddress.ip_address(written)
        except ValueError:
            return False
        if address.is_multicast or address.is_unspecified or address.is_loopback:
            return False
        for network in self._networks[address.version]:
            if address in network:
                edges = network.version == 4 and network.prefixlen < 31
                return not edges or address not in (network.broadcast_address, network.network_address)
        return False
