"""Addresses as text."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Final

__all__ = ["address_text", "mac_text"]

_CACHED: Final = 65536
_MAPPED: Final = 0xFFFF


@lru_cache(_CACHED)
def address_text(hi: int, lo: int) -> str:
    """The address whose halves `PACKET` holds: dotted IPv4, or IPv6 as RFC 5952 writes it."""
    if hi == 0 and lo >> 32 == _MAPPED:
        return f"{lo >> 24 & 255}.{lo >> 16 & 255}.{lo >> 8 & 255}.{lo & 255}"
    return str(ipaddress.IPv6Address(int(hi) << 64 | int(lo)))


@lru_cache(_CACHED)
def mac_text(address: int) -> str:
    """A MAC address (lower 48 bits) as `aa:bb:cc:dd:ee:ff`."""
    return int(address & 0xFFFFFFFFFFFF).to_bytes(6, "big").hex(":")
