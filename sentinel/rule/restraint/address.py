"""A list of networks, asked whether an address is in one of them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["Networks"]


class Networks:
    """Prefixes as the configuration writes them (it has checked them)."""

    def __init__(self, prefixes: Iterable[str]) -> None:
        self._networks = [ipaddress.ip_network(prefix, strict=False) for prefix in prefixes]

    def __bool__(self) -> bool:
        return bool(self._networks)

    def hold(self, address: str | None) -> bool:
        """Is this address inside?"""
        if address is None or not self._networks:
            return False
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._networks)


@lru_cache(maxsize=4096)
def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None
