"""SMB 1, 2 and 3 over TCP (port 445) and over NetBIOS sessions (RFC 1002; port 139).

The content of large reads and writes passes by in the pieces in which it comes; everything else is read whole.
After a hole reading goes on at the next message that begins a segment.
"""

from __future__ import annotations

from struct import unpack_from
from typing import ClassVar, Final

from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.smb1 import Smb1
from sentinel.protocol.smb2 import Smb2
from sentinel.protocol.smb_share import Shares, Sink

__all__ = ["Smb"]

MAX_MESSAGE: Final = 1 << 18
"""Longest message read whole."""
BULK: Final = 1024
"""A read or write longer than this need not be whole."""
WATCHED_SEALED: Final = 64
"""Encrypted messages without a readable one after which the rest is not looked at."""
_BULK_HEAD: Final = 4 + 64 + 48
_SMB1, _SMB2, _ENCRYPTED, _COMPRESSED = b"\xffSMB", b"\xfeSMB", b"\xfdSMB", b"\xfcSMB"
_SESSION_PACKETS: Final = frozenset(range(0x81, 0x86))
_MAX_UNPACKED: Final = 1 << 24
"""No message is longer: NetBIOS' length has 24 bits."""


class _Side:
    """One direction: what waits for more bytes, and where content goes."""

    __slots__ = ("before", "content", "lost", "need", "pending", "rest", "sink")

    def __init__(self) -> None:
        self.pending = bytearray()
        self.need = 0
        self.before = 0
        """Bytes of the message before its content."""
        self.content = 0
        """Bytes of content that are to come."""
        self.rest = 0
        """Bytes of the message after its content."""
        self.sink: Sink | None = None
        self.lost = False


class Smb(Analyzer):
    """One SMB connection."""

    service: ClassVar[str] = "smb"
    whole: ClassVar[bool] = True
    ports: ClassVar[frozenset[int]] = frozenset({139, 445})
    first_bytes: ClassVar[frozenset[int] | None] = frozenset({0x00, 0x81, 0x82, 0x83})

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._shares = Shares(flow, emit, settings, self.whose)
        self._smb1 = Smb1(flow, emit, self._shares, self.whose)
        self._smb2 = Smb2(flow, self._shares)
        self._sides = (_Side(), _Side())
        self._sealed = 0

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A message's head behind its length; or a NetBIOS session request with two encoded names."""
        if len(data) < 8:
            return None if data[:1] in (b"", b"\x00", b"\x81") else False
        if data[0] == 0x81:
            return data[1] & 0xFE == 0 and data[4] == 0x20 and 68 <= (data[2] << 8 | data[3]) <= 255
        return data[0] == 0 and data[4:8] in (_SMB1, _SMB2, _ENCRYPTED, _COMPRESSED)

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        side = self._sides[is_orig]
        if side.lost and not self._found_again(side, data):
            return
        if side.pending:
            side.pending += data
            if len(side.pending) < side.need:
                return
            data = bytes(side.pending)
            side.pending.clear()
        at, size = 0, len(data)
        while at < size and not self.done:
            if side.before:
                taken = min(side.before, size - at)
                side.before -= taken
                at += taken
            elif side.content:
                taken = min(side.content, size - at)
                if side.sink is not None:
                    side.sink.take(data[at : at + taken], ts)
                side.content -= taken
                at += taken
            elif side.rest:
                taken = min(side.rest, size - at)
                side.rest -= taken
                at += taken
            else:
                length = self._message(side, is_orig, data, at, ts)
                if length < 0:
                    side.pending += data[at:]
                    side.need = -length
                    return
                at += length

    def _message(self, side: _Side, is_orig: bool, data: bytes, at: int, ts: float) -> int:
        """Read the message at `at`: how many bytes of it were used, or, negative, how many are needed to read it."""
        room = len(data) - at
        if room < 4:
            return -4
        length = int.from_bytes(data[at + 1 : at + 4], "big")
        if data[at]:
            return self._session_packet(side, data, at, ts)
        if length > BULK:
            if room < _BULK_HEAD:
                return -_BULK_HEAD
            found = self._bulk(data[at + 4 : at + _BULK_HEAD], ts)
            if found is None and length > MAX_MESSAGE:
                self.flow.weird("SMB_message_too_long", ts, str(length), "SMB")
                found = (length, 0, None)
            if found is not None:
                begin, size, sink = found
                if begin + size > length:
                    self.flow.weird("SMB_content_outside_message", ts, None, "SMB")
                    begin, size, sink = length, 0, None
                side.before, side.content, side.rest, side.sink = begin, size, length - begin - size, sink
                return 4
        if room < 4 + length:
            return -4 - length
        self._read(data[at + 4 : at + 4 + length], ts)
        return 4 + length

    def _session_packet(self, side: _Side, data: bytes, at: int, ts: float) -> int:
        """NetBIOS' own (RFC 1002 section 4.3): a session asked for, granted, refused; nothing in them is told."""
        if data[at] not in _SESSION_PACKETS:
            self.flow.weird("SMB_unreadable_stream", ts, None, "SMB")
            self.finish(ts)
            return len(data) - at
        side.rest = (data[at + 1] & 1) << 16 | data[at + 2] << 8 | data[at + 3]
        return 4

    def _bulk(self, head: bytes, ts: float) -> tuple[int, int, Sink | None] | None:
        if head[:4] == _SMB2:
            return self._smb2.bulk(head, ts)
        if head[:4] == _SMB1:
            return self._smb1.bulk(head, ts)
        if head[:4] == _ENCRYPTED:
            self._sealed_message(ts)
            return 64, 0, None
        return None

    def _sealed_message(self, ts: float) -> None:
        """Encryption may be one share's alone (section 3.3.5.2.11): only where nothing else comes it is let go."""
        self._sealed += 1
        if self._sealed > WATCHED_SEALED:
            self.encrypted = True
            self.finish(ts)

    def _read(self, message: bytes, ts: float) -> None:
        kind = message[:4]
        if kind == _ENCRYPTED:
            self._sealed_message(ts)
            return
        self._sealed = 0
        if kind == _SMB2:
            self._smb2.message(message, ts)
        elif kind == _SMB1:
            self._smb1.message(message, ts)
        elif kind == _COMPRESSED:
            self._compressed(message, ts)
        elif message:
            self.flow.weird("SMB_unknown_message", ts, None, "SMB")

    def _compressed(self, message: bytes, ts: float) -> None:
        """MS-SMB2 section 2.2.42. The sum of both lengths must not wrap (CVE-2020-0796)."""
        if len(message) < 16:
            self.flow.weird("SMB2_short_message", ts, None, "SMB")
            return
        original, _, flags, offset = unpack_from("<IHHI", message, 4)
        if original > _MAX_UNPACKED or (not flags & 1 and offset > len(message) - 16):
            self.flow.weird("SMB2_compression_overflow", ts, f"original {original} offset {offset}", "SMB")

    # -- holes --------------------------------------------------------------------------------------

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """A hole in content is counted there; any other costs what lies up to the next segment that begins a message."""
        side = self._sides[is_orig]
        taken = min(side.before, length)
        side.before -= taken
        length -= taken
        taken = min(side.content, length)
        if taken and side.sink is not None:
            side.sink.lost(taken)
        side.content -= taken
        length -= taken
        taken = min(side.rest, length)
        side.rest -= taken
        if length > taken:
            side.pending.clear()
            side.lost = True

    def _found_again(self, side: _Side, data: bytes) -> bool:
        if data[:1] == b"\x00" and data[4:8] in (_SMB1, _SMB2, _ENCRYPTED, _COMPRESSED):
            side.lost = False
        return not side.lost

    def finish(self, ts: float) -> None:
        """Tell what is still open."""
        self._shares.finish(ts)
        self._smb1.finish()
        self.done = True
