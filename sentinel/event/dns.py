"""`dns`: one DNS query and its response (Zeek's dns.log); mDNS, LLMNR and NetBIOS names too."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Dns"]


class Dns(FlowEvent, kw_only=True):
    """A query with its response, or either alone where the other was never seen."""

    kind: ClassVar[str] = "dns"

    proto: str
    """`udp` or `tcp`."""
    trans_id: int
    """Identifier of the message, RFC 1035 §4.1.1."""
    rtt: float | None = None
    """Seconds from query to response."""
    query: str | None = None
    """Name asked for, in lower case; NetBIOS names decoded. The last question's where there are several."""
    qclass: int | None = None
    qclass_name: str | None = None
    """`C_INTERNET` …"""
    qtype: int | None = None
    qtype_name: str | None = None
    """`A`, `AAAA`, `TXT`, `*` (ANY) …"""
    rcode: int | None = None
    """Response code; absent without a response."""
    rcode_name: str | None = None
    """`NOERROR`, `NXDOMAIN` …"""
    AA: bool
    """The answer is authoritative."""
    TC: bool
    """The message was cut short."""
    RD: bool
    """The client asks for recursion."""
    RA: bool
    """The server that answers offers recursion."""
    Z: int
    """Reserved bits of the query."""
    answers: list[str] | None = None
    """The answer section's records as text: addresses, names, `TXT <length> <text>` …"""
    TTLs: list[float] | None = None
    """Seconds each of `answers` may be kept."""
    rejected: bool
    """The server answered without any record."""
