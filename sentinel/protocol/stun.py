"""STUN (RFC 8489, and RFC 3489 before it): how calls and some tunnels find their way through NAT. Only named.

DTLS and others follow on the same ports (RFC 7983): they are recognised as if they came alone.
"""

from __future__ import annotations

from typing import ClassVar, Final

from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["Stun"]

MAX_DATAGRAMS: Final = 64

_COOKIE: Final = b"\x21\x12\xa4\x42"
_HEAD: Final = 20
_BINDING: Final = frozenset({b"\x00\x01", b"\x01\x01", b"\x01\x11"})


def _is_stun(data: bytes) -> bool:
    """A head whose length fits; without the cookie, attributes that fill a binding message."""
    size = len(data)
    if size < _HEAD or data[0] & 0xC0 or (data[2] << 8 | data[3]) != size - _HEAD or size & 3:
        return False
    if data[4:8] == _COOKIE:
        return True
    if data[:2] not in _BINDING or size == _HEAD:
        return False
    at = _HEAD
    while at + 4 <= size:
        if data[at]:
            return False
        at += 4 + (data[at + 2] << 8 | data[at + 3])
    return at == size


class Stun(Analyzer):
    """One flow, while it is STUN."""

    __slots__ = ("_datagrams",)

    service: ClassVar[str] = "stun"
    transports: ClassVar[frozenset[str]] = frozenset({"udp"})
    ports: ClassVar[frozenset[int]] = frozenset({3478, 19302})

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._datagrams = 0

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """The magic cookie, or what came before it."""
        return _is_stun(data)

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Take one datagram."""
        self._datagrams += 1
        if self._datagrams > MAX_DATAGRAMS:
            self.done = True
        elif not _is_stun(data):
            self.done = True
            self.successor = Analyzer
            self.unread = [(is_orig, data)]
