"""BitTorrent: peers over TCP (BEP 3), the distributed hash table over UDP (BEP 5)."""

from __future__ import annotations

from typing import ClassVar, Final

from sentinel.protocol.recognised import Recognised

__all__ = ["Bittorrent"]

_HANDSHAKE: Final = b"\x13BitTorrent protocol"
_BEGINNINGS: Final = (b"d1:ad2:id20:", b"d1:rd2:id20:", b"d2:ip", b"d1:eli")


class Bittorrent(Recognised):
    """One peer."""

    service: ClassVar[str] = "bittorrent"
    transports: ClassVar[frozenset[str]] = frozenset({"tcp", "udp"})
    ports: ClassVar[frozenset[int]] = frozenset({6881, 6882, 6883, 6884, 6885, 6886, 6887, 6888, 6889})

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """The handshake; or a bencoded query, response or error of the hash table."""
        if transport == "tcp":
            if data[0] != 0x13:
                return False
            return (
                data.startswith(_HANDSHAKE)
                if len(data) >= 20
                else None
                if _HANDSHAKE.startswith(data)
                else False
            )
        return data[:1] == b"d" and data.startswith(_BEGINNINGS) and data[-1:] == b"e" and b"1:y1:" in data
