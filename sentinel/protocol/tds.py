"""TDS 7, the protocol of Microsoft SQL Server (MS-TDS): log-ins, batches, procedures called.

Unless a server insists on encryption, only the client's log-in is encrypted and the verdict is in clear.
"""

from __future__ import annotations

from typing import ClassVar, Final

from sentinel.event.tds import Tds as TdsEvent
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.messages import BROKEN, MORE, Messages
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["Tds"]

MAX_KEPT: Final = 8192
MAX_TEXT: Final = 4096

_HEAD: Final = 8
_BATCH, _RPC, _RESPONSE, _LOGIN, _SSPI, _PRELOGIN = 0x01, 0x03, 0x04, 0x10, 0x11, 0x12
_TYPES: Final = frozenset({_BATCH, _RPC, _RESPONSE, 0x06, 0x07, 0x08, 0x0E, _LOGIN, _SSPI, _PRELOGIN})
_TLS: Final = frozenset({0x14, 0x15, 0x16, 0x17})
_TLS_DATA: Final = 0x17
_LAST: Final = 0x01
"""Status: the message ends with this packet."""

_ENCRYPTION: Final = 1
"""Option of PRELOGIN."""
_ENCRYPT_ON, _ENCRYPT_REQUIRED = 1, 3

_ERROR, _INFO, _LOGIN_ACK, _ENVIRONMENT = 0xAA, 0xAB, 0xAD, 0xE3
_PROCEDURES: Final = (
    "sp_cursor sp_cursoropen sp_cursorprepare sp_cursorexecute sp_cursorprepexec sp_cursorunprepare sp_cursorfetch "
    "sp_cursoroption sp_cursorclose sp_executesql sp_prepare sp_execute sp_prepexec sp_prepexecrpc sp_unprepare"
).split()
"""By number, from 1 (MS-TDS section 2.2.6.6)."""


def _measure(data: bytes, at: int) -> int:
    """A TDS packet, or a TLS record that stands alone."""
    if at + 5 > len(data):
        return MORE if data[at] in _TYPES or data[at] in _TLS else BROKEN
    if data[at] in _TLS:
        return 5 + (data[at + 3] << 8 | data[at + 4]) if data[at + 1] == 3 else BROKEN
    length = data[at + 2] << 8 | data[at + 3]
    return length if data[at] in _TYPES and length >= _HEAD else BROKEN


def _wide(data: bytes) -> str:
    """UTF-16, as everything in TDS."""
    return data.decode("utf-16-le", "replace")[:MAX_TEXT]


def _prelogin(body: bytes) -> dict[int, bytes] | None:
    """Options of a PRELOGIN message (section 2.2.6.5), or None where it is none."""
    found: dict[int, bytes] = {}
    for at in range(0, min(len(body), 80), 5):
        if body[at] == 0xFF:
            return found if 0 in found else None
        if at + 5 > len(body):
            return None
        place, size = body[at + 1] << 8 | body[at + 2], body[at + 3] << 8 | body[at + 4]
        if place + size > len(body):
            return None
        found[body[at]] = body[place : place + size]
    return None


class Tds(Analyzer):
    """One connection to a server."""

    __slots__ = ("_continues", "_encryption", "_event", "_logged_in", "_messages", "encrypted")

    service: ClassVar[str] = "tds"
    ports: ClassVar[frozenset[int]] = frozenset({1433})
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._messages = (Messages(_measure, MAX_KEPT), Messages(_measure, MAX_KEPT))
        self._event: TdsEvent | None = None
        self._logged_in = False
        self._encryption = 0
        self._continues = [False, False]
        """The next packet of this side goes on with a message."""
        self.encrypted = False

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """The client's PRELOGIN, one whole packet."""
        if not is_orig or data[0] != _PRELOGIN:
            return False
        if len(data) < _HEAD:
            return None if len(data) < 2 or data[1] == _LAST else False
        length = data[2] << 8 | data[3]
        if data[1] != _LAST or data[7] or not 20 < length < 1024:
            return False
        return _prelogin(data[_HEAD:length]) is not None if len(data) >= length else None

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        messages = self._messages[is_orig]
        messages.push(data)
        while not self.done and (packet := messages.pop()) is not None:
            if packet[0] in _TLS:
                self._sealed(is_orig, packet, ts)
            elif len(packet) >= _HEAD:
                self._packet(is_orig, packet, ts)
        if messages.broken and not self.done:
            self.flow.weird("TDS_invalid_packet", ts, None, "TDS")
            self.finish(ts)

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """A hole in rows that are skipped does no harm."""
        if not self._messages[is_orig].lost(length):
            self.finish(ts)

    def _sealed(self, is_orig: bool, packet: bytes, ts: float) -> None:
        """TLS outside of TDS packets: the client's log-in, or everything."""
        if self._encryption in (_ENCRYPT_ON, _ENCRYPT_REQUIRED) or self._logged_in:
            self.encrypted = True
            self.finish(ts)
        elif is_orig and packet[0] == _TLS_DATA and self._event is None:
            self._event = TdsEvent(ts=ts, **self.whose, cmd="login")

    def _packet(self, is_orig: bool, packet: bytes, ts: float) -> None:
        begins = not self._continues[is_orig]
        self._continues[is_orig] = not packet[1] & _LAST
        if not begins:
            return
        kind, body = packet[0], packet[_HEAD:]
        if kind == _RESPONSE or (kind == _PRELOGIN and not is_orig):
            if not is_orig and self._event is not None:
                self._verdict(body)
            elif not is_orig and (options := _prelogin(body)) is not None:
                self._encryption = (options.get(_ENCRYPTION) or b"\x00")[0]
        elif is_orig and kind == _LOGIN:
            self._conclude()
            self._log_in(body, ts)
        elif is_orig and kind == _BATCH:
            self._conclude()
            headers = int.from_bytes(body[:4], "little")
            text = body[headers:] if 4 <= headers <= len(body) else body
            self._event = TdsEvent(ts=ts, **self.whose, cmd="sql_batch", arg=_wide(text))
        elif is_orig and kind == _RPC:
            self._conclude()
            self._event = TdsEvent(ts=ts, **self.whose, cmd="rpc", arg=self._procedure(body))

    @staticmethod
    def _procedure(body: bytes) -> str | None:
        """The name of what is called, and the statement where that is its first argument."""
        headers = int.from_bytes(body[:4], "little")
        at = headers if 4 <= headers <= len(body) else 0
        size = int.from_bytes(body[at : at + 2], "little")
        if size != 0xFFFF:
            return _wide(body[at + 2 : at + 2 + 2 * size]) or None
        number = int.from_bytes(body[at + 2 : at + 4], "little")
        name = _PROCEDURES[number - 1] if 0 < number <= len(_PROCEDURES) else f"procedure {number}"
        at += 6  # options
        # no name, no flags, NVARCHAR, its most, collation, its length (sections 2.2.6.6 and 2.2.5.4)
        if body[at : at + 3] == b"\x00\x00\xe7":
            size = int.from_bytes(body[at + 10 : at + 12], "little")
            if size != 0xFFFF:
                return f"{name} {_wide(body[at + 12 : at + 12 + size])}"
        return name

    def _log_in(self, body: bytes, ts: float) -> None:
        """Section 2.2.6.4: places and lengths in characters, from byte 36 on."""

        def field(at: int) -> str | None:
            place, size = (int.from_bytes(body[here : here + 2], "little") for here in (at, at + 2))
            return _wide(body[place : place + 2 * size]) or None

        self._event = TdsEvent(
            ts=ts,
            **self.whose,
            cmd="login",
            client_host=field(36),
            arg=field(40),
            application=field(48),
            database=field(68),
        )

    def _verdict(self, body: bytes) -> None:
        """The first tokens of a response: an error, or none."""
        event = self._event
        if event is None:
            return
        at = 0
        event.success = event.cmd != "login"
        while at + 3 <= len(body) and body[at] in (_ERROR, _INFO, _LOGIN_ACK, _ENVIRONMENT):
            size = body[at + 1] | body[at + 2] << 8
            token = body[at + 3 : at + 3 + size]
            if body[at] == _LOGIN_ACK:
                event.success = True
            elif body[at] == _ERROR and len(token) >= 8:
                number = int.from_bytes(token[:4], "little")
                length = token[6] | token[7] << 8
                event.success = False
                event.response = f"{number}: {_wide(token[8 : 8 + 2 * length])}"
                break
            at += 3 + size
        if event.cmd == "login":
            self._logged_in = bool(event.success)
        self._conclude()

    def _conclude(self) -> None:
        if self._event is not None:
            self.emit(self._event)
            self._event = None

    def finish(self, ts: float) -> None:
        """Tell the command that waits for its answer."""
        self._conclude()
        self.done = True
