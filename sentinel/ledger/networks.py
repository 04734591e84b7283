"""Which addresses are ours: what the configuration declares, and never RFC 1918 by assumption."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from sentinel.network import NetworkSet

__all__ = ["OurNetworks"]


class OurNetworks(NetworkSet):
    """Our prefixes. Multicast, loopback and unspecified addresses and a prefix's first and last are no device's."""

    def __init__(self, networks: Sequence[str]) -> None:
        super().__init__(networks)
        parsed = [ipaddress.ip_network(network, strict=False) for network in networks]
        self._edges = {
            edge
            for network in parsed
            if network.version == 4 and network.prefixlen < 31
            for edge in (network.network_address, network.broadcast_address)
        }

    def holds(self, address: str) -> bool:
        """Look it up. False for what is no device's address."""
        if not super().holds(address):
            return False
        parsed = ipaddress.ip_address(address)
        nobody = parsed.is_multicast or parsed.is_unspecified or parsed.is_loopback
        return not nobody and parsed not in self._edges
