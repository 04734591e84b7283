"""HTTP/2 in clear with prior knowledge (RFC 9113 section 3.3): gRPC inside a data centre, mostly. Only named."""

from __future__ import annotations

from typing import ClassVar, Final

from sentinel.protocol.http import HttpAnalyzer
from sentinel.protocol.recognised import Recognised

__all__ = ["Http2"]

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Http2(Recognised):
    """One connection."""

    service: ClassVar[str] = "http2"
    ports: ClassVar[frozenset[int]] = HttpAnalyzer.ports

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """The client's preface."""
        if not is_orig or data[0] != 0x50:
            return False
        return (
            data.startswith(_PREFACE)
            if len(data) >= len(_PREFACE)
            else None
            if _PREFACE.startswith(data)
            else False
        )
