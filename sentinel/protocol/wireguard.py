"""WireGuard (https://www.wireguard.com/protocol/): a tunnel out, known by its handshake."""

from __future__ import annotations

from typing import ClassVar, Final

from sentinel.protocol.recognised import Sealed

__all__ = ["Wireguard"]

_INITIATION: Final = b"\x01\x00\x00\x00"
_RESPONSE: Final = b"\x02\x00\x00\x00"
_INITIATION_SIZE, _RESPONSE_SIZE = 148, 92


class Wireguard(Sealed):
    """Handshake messages have one length each, and three bytes of zero behind their type."""

    service: ClassVar[str] = "wireguard"
    tunnel_type: ClassVar[str] = "Tunnel::WIREGUARD"
    transports: ClassVar[frozenset[str]] = frozenset({"udp"})
    ports: ClassVar[frozenset[int]] = frozenset({51820})

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """An initiation, or the response to one; neither's index and keys are zero."""
        if data[:4] == _INITIATION:
            return len(data) == _INITIATION_SIZE and any(data[4:8]) and any(data[8:40])
        return data[:4] == _RESPONSE and len(data) == _RESPONSE_SIZE and any(data[8:12]) and any(data[12:44])
