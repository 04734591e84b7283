"""ICMP and ICMPv6 (RFC 792, RFC 4443): what the first message of a flow carries."""

from __future__ import annotations

import struct
from typing import Final

from sentinel.event.icmp import Icmp
from sentinel.flow.key import is_paired
from sentinel.protocol.analyzer import Analyzer

__all__ = ["IcmpAnalyzer"]

_SHOWN: Final = 64
_WORD: Final = struct.Struct("!HH")
_NUMBERED4: Final = frozenset({0, 8, 13, 14, 15, 16, 17, 18})
_NUMBERED6: Final = frozenset({128, 129})
"""Types whose header holds an identifier and a sequence number."""


class IcmpAnalyzer(Analyzer):
    """Writes one event a flow. Type and code are the flow's ports, but for types with an answer of their own: there
    the port is the answer's type, and the code is the only one that is defined, 0."""

    __slots__ = ()

    service = ""
    transports = frozenset({"icmp"})

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """Every ICMP flow."""
        return transport == "icmp"

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Take the second four bytes of the header and what stands behind them."""
        flow = self.flow
        self.done = True
        kind = flow.orig_p if is_orig else flow.resp_p
        number: tuple[int | None, int | None] = (None, None)
        version6 = ":" in flow.orig_h
        if len(data) >= _WORD.size and kind in (_NUMBERED6 if version6 else _NUMBERED4):
            number = _WORD.unpack_from(data)
        payload = data[_WORD.size :]
        self.emit(
            Icmp(
                ts=ts,
                uid=flow.uid,
                orig_h=flow.orig_h,
                orig_p=flow.orig_p,
                resp_h=flow.resp_h,
                resp_p=flow.resp_p,
                icmp_type=flow.orig_p,
                icmp_code=0 if is_paired(flow.orig_p, version6) else flow.resp_p,
                id=number[0],
                seq=number[1],
                payload_len=len(payload),
                payload=payload[:_SHOWN].decode("latin-1"),
            )
        )
