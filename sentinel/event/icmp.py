"""`icmp`: the beginning of one ICMP or ICMPv6 flow (our own kind)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Icmp"]


class Icmp(FlowEvent, kw_only=True):
    """The first message of a flow: scanners and tunnels show in it."""

    kind: ClassVar[str] = "icmp"

    icmp_type: int
    """8 is an echo request (128 in ICMPv6), 3 an unreachable destination …"""
    icmp_code: int
    id: int | None = None
    """Identifier of an echo (or timestamp, information, address mask) request or reply."""
    seq: int | None = None
    """Its sequence number."""
    payload_len: int
    """Bytes behind the eight of the header."""
    payload: str
    """The first 64 of them, each byte a character of the same number (Latin-1)."""
