"""TLS 1.0–1.3, SSL 3.0 and 2.0, and TLCP (GB/T 38636-2020): the record layer over TCP.

Records that cannot be read are skipped by their length, never buffered. Once both sides are encrypted there
is nothing more to learn and the flow is let go, unless both agreed on heartbeats: then record lengths are
watched a while for Heartbleed.
"""

from __future__ import annotations

from typing import ClassVar, Final

from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.tls_session import TlsSession

__all__ = ["Tls"]

CHANGE_CIPHER_SPEC: Final = 20
ALERT: Final = 21
HANDSHAKE: Final = 22
APPLICATION_DATA: Final = 23
HEARTBEAT: Final = 24

MAX_RECORD: Final = 0x4000 + 2048
"""RFC 5246 section 6.2.3."""
MAX_MESSAGE: Final = 1 << 17
"""Longest handshake message kept; certificate chains stay well below."""
MAX_CLEAR_RECORDS: Final = 512
WATCHED_RECORDS: Final = 256
"""Records looked at after the handshake where heartbeats were agreed on."""

_MAJORS: Final = (0x03, 0x01)
"""First version byte: SSL 3.0–TLS 1.3, and TLCP."""


def _recognise_ssl2(data: bytes) -> bool | None:
    """A ClientHello in SSL 2.0's form: two bytes of length, type 1, version, three lengths."""
    if len(data) < 11:
        return None if len(data) < 3 or data[2] == 1 else False
    if data[2] != 1 or data[3:5] not in (b"\x00\x02", b"\x03\x00", b"\x03\x01", b"\x03\x02", b"\x03\x03"):
        return False
    ciphers, session, challenge = (data[at] << 8 | data[at + 1] for at in (5, 7, 9))
    whole = (data[0] & 0x7F) << 8 | data[1]
    return (
        ciphers % 3 == 0
        and session in (0, 16)
        and 16 <= challenge <= 32
        and (whole == 9 + ciphers + session + challenge)
    )


class Tls(Analyzer):
    """One TLS or TLCP connection."""

    __slots__ = (
        "_clear_records",
        "_handshake",
        "_need",
        "_pending",
        "_session",
        "_skip",
        "_ssl2",
        "_watched",
        "encrypted",
    )

    service: ClassVar[str] = "ssl"
    whole: ClassVar[bool] = True
    ports: ClassVar[frozenset[int]] = frozenset(
        {443, 465, 563, 585, 614, 636, 853, 989, 990, 992, 993, 995, 4433, 5223, 8443}
    )
    first_bytes = frozenset({22, *range(128, 256)})

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._session = TlsSession(flow, emit)
        self._pending: list[bytearray | None] = [None, None]
        self._need = [0, 0]
        self._skip = [0, 0]
        self._handshake: list[bytearray | None] = [None, None]
        self._ssl2 = [True, True]
        self._clear_records = 0
        self._watched = 0
        self.encrypted = False

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A handshake record that begins with a hello, or SSL 2.0's ClientHello."""
        if not data:
            return None
        if data[0] & 0x80:
            return _recognise_ssl2(data)
        if data[0] != HANDSHAKE or (len(data) > 1 and data[1] not in _MAJORS):
            return False
        if len(data) < 6:
            return None
        if data[2] > 4 or (data[1] == 1 and data[2] != 1):
            return False
        length = data[3] << 8 | data[4]
        return data[5] in (1, 2) and 0 < length <= MAX_RECORD

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        if self.done:
            return
        skip = self._skip[is_orig]
        if skip:
            if len(data) <= skip:
                self._skip[is_orig] = skip - len(data)
                return
            self._skip[is_orig] = 0
            data = data[skip:]
        pending = self._pending[is_orig]
        if pending is not None:
            pending += data
            if len(pending) < self._need[is_orig]:
                return
            data = bytes(pending)
            self._pending[is_orig] = None
        self._records(is_orig, data, ts)

    def _wait(self, is_orig: bool, data: bytes, at: int, size: int) -> None:
        """Keep the beginning of a record until `size` bytes of it are there."""
        self._pending[is_orig] = bytearray(data[at:])
        self._need[is_orig] = size

    def _records(self, is_orig: bool, data: bytes, ts: float) -> None:
        session, at, size = self._session, 0, len(data)
        while at < size and not self.done:
            if self._ssl2[is_orig]:
                if data[at] & 0x80:
                    at = self._ssl2_record(is_orig, data, at, ts)
                    continue
                self._ssl2[is_orig] = False
            if at + 5 > size:
                self._wait(is_orig, data, at, 5)
                return
            content_type = data[at]
            length = data[at + 3] << 8 | data[at + 4]
            if not 20 <= content_type <= 25 or data[at + 1] not in _MAJORS or length > MAX_RECORD:
                self._give_up(ts, "ssl_invalid_record")
                return
            end = at + 5 + length
            if content_type == APPLICATION_DATA or session.is_encrypted(is_orig):
                self._unreadable(is_orig, content_type, length, ts)
                if end > size:
                    self._skip[is_orig] = end - size
                    return
            elif end > size:
                self._wait(is_orig, data, at, 5 + length)
                return
            else:
                self._readable(is_orig, content_type, data[at + 5 : end], ts)
            at = end

    def _unreadable(self, is_orig: bool, content_type: int, length: int, ts: float) -> None:
        session = self._session
        session.encrypted(is_orig, content_type, length, ts)
        if session.established:
            self.encrypted = True
            self._watched += 1
            if not session.watches_heartbeats or self._watched > WATCHED_RECORDS:
                self.done = True
        else:
            self._count_record(ts)

    def _count_record(self, ts: float) -> None:
        """A handshake has few records: whoever sends them without end is let go."""
        self._clear_records += 1
        if self._clear_records > MAX_CLEAR_RECORDS:
            self._give_up(ts, "ssl_too_many_records")

    def _readable(self, is_orig: bool, content_type: int, content: bytes, ts: float) -> None:
        self._count_record(ts)
        if content_type == HANDSHAKE:
            self._messages(is_orig, content, ts)
        elif content_type == CHANGE_CIPHER_SPEC:
            self._session.change_cipher_spec(is_orig, ts)
        elif content_type == ALERT:
            if len(content) >= 2:
                self._session.alert(is_orig, content[1], ts)
        elif content_type == HEARTBEAT:
            self._session.heartbeat(is_orig, content[:3], len(content), ts)

    def _messages(self, is_orig: bool, content: bytes, ts: float) -> None:
        """Handshake messages: several a record, or one over several records (RFC 5246 section 6.2.1)."""
        pending = self._handshake[is_orig]
        if pending is not None:
            pending += content
            if len(pending) < 4 or (
                len(pending) < 4 + int.from_bytes(pending[1:4], "big") and len(pending) <= MAX_MESSAGE
            ):
                return
            content = bytes(pending)
            self._handshake[is_orig] = None
        at, size = 0, len(content)
        while at < size:
            end = at + 4 + int.from_bytes(content[at + 1 : at + 4], "big") if at + 4 <= size else size + 1
            if end > size:
                if end - at > MAX_MESSAGE:
                    self._give_up(ts, "ssl_handshake_too_long")
                    return
                self._handshake[is_orig] = bytearray(content[at:])
                return
            self._session.message(is_orig, content[at], content[at + 4 : end], ts)
            at = end

    def _ssl2_record(self, is_orig: bool, data: bytes, at: int, ts: float) -> int:
        """One record of SSL 2.0 at `at`; says where the next begins."""
        size = len(data)
        end = at + 2 + ((data[at] & 0x7F) << 8 | data[at + 1]) if at + 2 <= size else size + 1
        if end > size:
            self._wait(is_orig, data, at, end - at if at + 2 <= size else 2)
            return size
        self._count_record(ts)
        body = data[at + 2 : end]
        kind = body[0] if body else 0
        if kind == 1:
            self._session.ssl2_client_hello(is_orig, ts)
            self._ssl2[is_orig] = body[1:3] == b"\x00\x02"
        elif kind == 4 and len(body) >= 11:
            chain, ciphers = (body[where] << 8 | body[where + 1] for where in (5, 7))
            cipher = int.from_bytes(body[11 + chain : 14 + chain], "big") if ciphers >= 3 else None
            self._session.ssl2_server_hello(is_orig, cipher, body[11 : 11 + chain], ts)
        elif kind == 2:
            self._session.ssl2_master_key(ts)
            self.done = True
        else:
            self._give_up(ts, "ssl_invalid_record")
        return end

    def _give_up(self, ts: float, weird: str) -> None:
        self.flow.weird(weird, ts, None, "SSL")
        self._session.conclude(ts)
        self.done = True

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """A hole inside a record that is skipped anyway does no harm."""
        if self._skip[is_orig] >= length:
            self._skip[is_orig] -= length
            return
        self._session.conclude(ts)
        self.done = True

    def finish(self, ts: float) -> None:
        """Tell the handshake as far as it came."""
        self._session.conclude(ts)
        self.done = True
