"""What stands next in a frame: an ethertype (0x0600 and above), or one of the small numbers below."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ARP",
    "ETHERNET",
    "IEEE_80211",
    "IPV4",
    "IPV6",
    "IP_BY_VERSION",
    "LLC",
    "NOTHING",
    "PPP",
]

NOTHING: Final = 0
"""The frame is read to its end, or no further."""
ETHERNET: Final = 1
PPP: Final = 2
"""A PPP frame, with or without address and control bytes (RFC 1661, RFC 1662)."""
LLC: Final = 3
"""IEEE 802.2."""
IEEE_80211: Final = 4
IP_BY_VERSION: Final = 5
"""IPv4 or IPv6, as the first four bits say."""

IPV4: Final = 0x0800
ARP: Final = 0x0806
IPV6: Final = 0x86DD
