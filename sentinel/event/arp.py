"""`arp`: one ARP packet (our own kind)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import Event

__all__ = ["Arp"]


class Arp(Event, kw_only=True):
    """Who says to have which address (RFC 826)."""

    kind: ClassVar[str] = "arp"

    operation: str
    """`request`, `reply`, `gratuitous` (a sender that tells its own address, RFC 5227 §3), or the number."""
    sender_mac: str
    """As the ARP packet says, `aa:bb:cc:dd:ee:ff`."""
    sender_ip: str
    target_mac: str
    target_ip: str
    eth_src: str | None = None
    """The frame's source, where it is not `sender_mac`: a sign of forgery."""
    vlan: int | None = None
