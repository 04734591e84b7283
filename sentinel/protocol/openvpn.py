"""OpenVPN over UDP and TCP: a tunnel out, known by its first control packet.

https://openvpn.net/community-docs/openvpn-protocol.html: plain, tls-auth (SHA-1, SHA-256, SHA-512) and tls-crypt.
"""

from __future__ import annotations

from typing import ClassVar, Final

from sentinel.protocol.recognised import Sealed

__all__ = ["Openvpn"]

_RESETS: Final = frozenset({7 << 3, 8 << 3, 10 << 3})
"""P_CONTROL_HARD_RESET_CLIENT_V2, its server's, CLIENT_V3 (tls-crypt-v2); key 0."""
_SESSION_END: Final = 9
_PLAIN: Final = 14
"""Opcode, session, no acknowledgements, packet 0."""
_HASHES: Final = (20, 32, 64)
_REPLAY: Final = 8
"""Packet number and time that tls-auth and tls-crypt add."""
_CRYPT: Final = 54
_FIRST: Final = (b"\x00\x00\x00\x01", b"\x0f\x00\x00\x01")


def _is_reset(data: bytes) -> bool:
    """A whole control packet that begins a session."""
    size = len(data)
    if data[0] not in _RESETS or not any(data[1:_SESSION_END]):
        return False
    if size == _PLAIN:
        return data[0] == 7 << 3 and data[_SESSION_END:] == bytes(5)
    for hashed in _HASHES:
        at = _SESSION_END + hashed
        if size == _PLAIN + hashed + _REPLAY and data[at : at + 4] == _FIRST[0]:
            return data[0] == 7 << 3 and data[-5:] == bytes(5)
    return data[_SESSION_END : _SESSION_END + 4] in _FIRST and (
        size == _CRYPT if data[0] == 7 << 3 else data[0] == 10 << 3 and size > 300
    )


class Openvpn(Sealed):
    """One tunnel."""

    service: ClassVar[str] = "openvpn"
    tunnel_type: ClassVar[str] = "Tunnel::OPENVPN"
    transports: ClassVar[frozenset[str]] = frozenset({"tcp", "udp"})
    ports: ClassVar[frozenset[int]] = frozenset({1194})

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """The client's reset; over TCP its length stands before it."""
        if not is_orig:
            return False
        if transport == "udp":
            return len(data) >= _PLAIN and _is_reset(data)
        if data[0] > 4 or (len(data) > 2 and data[2] not in _RESETS):
            return False
        if len(data) < 2 or len(data) < 2 + (data[0] << 8 | data[1]):
            return None
        size = data[0] << 8 | data[1]
        return size >= _PLAIN and len(data) == 2 + size and _is_reset(data[2:])
