"""ICMP and ICMPv6 (RFC 792, RFC 4443): what the first message of a flow carries."""

from __future__ import annotations

from typing import Final

from sentinel.event.icmp import Icmp
from sentinel.protocol.analyzer import Analyzer

__all__ = ["IcmpAnalyzer"]

_SHOWN: Final = 64


class IcmpAnalyzer(Analyzer):
    """Writes one event a flow. Type and code are the flow's ports."""

    __slots__ = ()

    service = ""
    transports = frozenset({"icmp"})

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """Every ICMP flow."""
        return transport == "icmp"

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Take what stands behind the eight bytes of the header."""
        flow = self.flow
        self.done = True
        self.emit(
            Icmp(
                ts=ts,
                uid=flow.uid,
                orig_h=flow.orig_h,
                orig_p=flow.orig_p,
                resp_h=flow.resp_h,
                resp_p=flow.resp_p,
                icmp_type=flow.orig_p,
                icmp_code=flow.resp_p,
                payload_len=len(data),
                payload=data[:_SHOWN].decode("latin-1"),
            )
        )
