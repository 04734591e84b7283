"""DTLS 1.0–1.3 (RFC 4347, 6347, 9147): the record layer over UDP; what is in clear is told as for TLS."""

from __future__ import annotations

from typing import ClassVar, Final

from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.tls import ALERT, CHANGE_CIPHER_SPEC, HANDSHAKE, HEARTBEAT, MAX_MESSAGE
from sentinel.protocol.tls_session import TlsSession

__all__ = ["Dtls"]

MAX_DATAGRAMS: Final = 512
"""Within which a handshake must end."""

_VERSIONS: Final = (0xFEFF, 0xFEFD, 0xFEFC)
_RECORD: Final = 13
_FRAGMENT: Final = 12


class _Fragments:
    """A handshake message that comes in pieces, in order (RFC 6347 section 4.2.3)."""

    __slots__ = ("body", "kind", "sequence", "total")

    def __init__(self, kind: int, sequence: int, total: int) -> None:
        self.kind = kind
        self.sequence = sequence
        self.total = total
        self.body = bytearray()


class Dtls(Analyzer):
    """One DTLS association."""

    __slots__ = ("_datagrams", "_fragments", "_session", "encrypted")

    service: ClassVar[str] = "dtls"
    transports: ClassVar[frozenset[str]] = frozenset({"udp"})
    ports: ClassVar[frozenset[int]] = frozenset({443, 853, 4433, 5349, 5684})
    first_bytes = frozenset({22})
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._session = TlsSession(flow, emit, "d")
        self._fragments: list[_Fragments | None] = [None, None]
        self._datagrams = 0
        self.encrypted = False

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A handshake record of epoch 0 that holds a hello or a HelloVerifyRequest."""
        return (
            len(data) > _RECORD + _FRAGMENT
            and data[0] == HANDSHAKE
            and (data[1] << 8 | data[2]) in _VERSIONS
            and data[3:5] == b"\x00\x00"
            and data[_RECORD] in (1, 2, 3)
            and data[11] << 8 | data[12] <= len(data) - _RECORD
        )

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """One datagram: records one after another."""
        if self.done:
            return
        self._datagrams += 1
        at, size = 0, len(data)
        while at + _RECORD <= size and not self.done:
            if data[at] & 0xE0 == 0x20:  # RFC 9147 section 4: unified header, always encrypted
                self._session.encrypted(is_orig, 23, size - at, ts)
                break
            if (data[at + 1] << 8 | data[at + 2]) not in _VERSIONS:
                break
            length = data[at + 11] << 8 | data[at + 12]
            content = data[at + _RECORD : at + _RECORD + length]
            if data[at + 3] or data[at + 4] or self._session.is_encrypted(is_orig):
                self._session.encrypted(is_orig, data[at], length, ts)
            else:
                self._readable(is_orig, data[at], content, ts)
            at += _RECORD + length
        if self._session.established:
            self.done = self.encrypted = True
        elif self._datagrams > MAX_DATAGRAMS:
            self.finish(ts)

    def _readable(self, is_orig: bool, content_type: int, content: bytes, ts: float) -> None:
        if content_type == HANDSHAKE:
            at = 0
            while at + _FRAGMENT <= len(content):
                end = at + _FRAGMENT + int.from_bytes(content[at + 9 : at + 12], "big")
                self._fragment(is_orig, content[at:end], ts)
                at = end
        elif content_type == CHANGE_CIPHER_SPEC:
            self._session.change_cipher_spec(is_orig, ts)
        elif content_type == ALERT and len(content) >= 2:
            self._session.alert(is_orig, content[1], ts)
        elif content_type == HEARTBEAT:
            self._session.heartbeat(is_orig, content[:3], len(content), ts)

    def _fragment(self, is_orig: bool, fragment: bytes, ts: float) -> None:
        total = int.from_bytes(fragment[1:4], "big")
        offset = int.from_bytes(fragment[6:9], "big")
        body = fragment[_FRAGMENT:]
        if offset == 0 and len(body) == total:
            self._session.message(is_orig, fragment[0], body, ts)
            return
        sequence = fragment[4] << 8 | fragment[5]
        held = self._fragments[is_orig]
        if offset == 0 and total <= MAX_MESSAGE:
            held = self._fragments[is_orig] = _Fragments(fragment[0], sequence, total)
        if held is None or held.sequence != sequence or offset != len(held.body):
            return
        held.body += body
        if len(held.body) >= held.total:
            self._fragments[is_orig] = None
            self._session.message(is_orig, held.kind, bytes(held.body[: held.total]), ts)

    def finish(self, ts: float) -> None:
        """Tell the handshake as far as it came."""
        self._session.conclude(ts)
        self.done = True
