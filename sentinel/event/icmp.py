"""`icmp`: the beginning of one ICMP or ICMPv6 flow (our own kind)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Icmp"]


class Icmp(FlowEvent, kw_only=True):
    """The first message with data of a flow: scanners and tunnels show in it."""

    kind: ClassVar[str] = "icmp"

    icmp_type: int
    """8 is an echo request (128 in ICMPv6), 3 an unreachable destination …"""
    icmp_code: int
    payload_len: int
    """Bytes behind the eight of the header."""
    payload: str
    """The first 64 of them, each byte a character of the same number (Latin-1)."""
