"""MySQL and MariaDB client/server protocol: log-ins, commands, errors.

https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html. As in Zeek a command is told with the first
answer that decides it, or when the next one comes. Rows of results are stepped over by their lengths.
"""

from __future__ import annotations

from typing import ClassVar, Final

from sentinel.event.mysql import Mysql as MysqlEvent
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.lines import printable
from sentinel.protocol.messages import Messages
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.tls import Tls

__all__ = ["Mysql"]

MAX_KEPT: Final = 8192
"""Bytes of a packet that are looked at: most of any query."""
MAX_USER: Final = 256

_PROTOCOL_41: Final = 0x0200
_SSL: Final = 0x0800
_COMPRESS: Final = 0x0020
_DEPRECATE_EOF: Final = 0x0100_0000
_QUERY_ATTRIBUTES: Final = 0x0800_0000
_SSL_REQUEST: Final = 32
"""Bytes of a handshake response that only asks for TLS."""

_OK, _MORE_DATA, _LOCAL_FILE, _EOF, _ERROR = 0x00, 0x01, 0xFB, 0xFE, 0xFF
_MOST_EOF: Final = 9
"""Below this a packet that begins with 0xFE is an EOF packet, not a row."""

_COMMANDS: Final = (
    "sleep quit init_db query field_list create_db drop_db refresh shutdown statistics process_info connect "
    "process_kill debug ping time delayed_insert change_user binlog_dump table_dump connect_out register_slave "
    "stmt_prepare stmt_execute stmt_send_long_data stmt_close stmt_reset set_option stmt_fetch daemon "
    "binlog_dump_gtid reset_connection"
).split()
_UNANSWERED: Final = frozenset({"quit", "stmt_close", "stmt_send_long_data"})
_WITH_RESULTS: Final = frozenset({"query", "stmt_execute", "process_info"})


def _measure(data: bytes, at: int) -> int:
    """Three bytes of length, one of sequence number."""
    if at + 4 > len(data):
        return 0
    return 4 + (data[at] | data[at + 1] << 8 | data[at + 2] << 16)


def _until_nul(data: bytes, at: int) -> bytes:
    end = data.find(b"\x00", at)
    return data[at : end if end >= 0 else len(data)]


def _lenenc(data: bytes, at: int) -> int | None:
    """A length-encoded integer at `at`."""
    if at >= len(data):
        return None
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(data[at], 0)
    if not size:
        return data[at] if data[at] < _LOCAL_FILE else None
    return int.from_bytes(data[at + 1 : at + 1 + size], "little") if at + 1 + size <= len(data) else None


class Mysql(Analyzer):
    """One connection to a server."""

    __slots__ = ("_columns", "_event", "_flags", "_logged_in", "_messages")

    service: ClassVar[str] = "mysql"
    ports: ClassVar[frozenset[int]] = frozenset({3306})
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._messages = (Messages(_measure, MAX_KEPT), Messages(_measure, MAX_KEPT))
        self._flags = 0
        self._logged_in = False
        self._event: MysqlEvent | None = None
        self._columns: int | None = None
        """Column definitions still to come; -1 once they came."""

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """The server's greeting (protocol 10 or 9), or its refusal to greet."""
        if is_orig:
            return False
        if len(data) < 7:
            return None if len(data) < 5 or (data[3] < 2 and data[4] in (9, 10, 255)) else False
        length = data[0] | data[1] << 8 | data[2] << 16
        if data[4] == _ERROR:
            code = data[5] | data[6] << 8
            return data[3] < 2 and 1000 <= code < 2000 and 3 < length <= 512 and len(data) >= length + 4
        if data[3] or data[4] not in (9, 10) or not 12 < length < 512:
            return False
        end = data.find(b"\x00", 5, 5 + 80)
        if end < 0:
            return None if len(data) < 85 else False
        return data[5:6].isdigit() and b"." in data[5:end] and data[5:end].isascii()

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        messages = self._messages[is_orig]
        messages.push(data)
        while not self.done and (packet := messages.pop()) is not None:
            if len(packet) > 4:
                if is_orig:
                    self._from_client(packet, ts)
                else:
                    self._from_server(packet, ts)
        if self.successor is not None:
            self.unread = [(is_orig, messages.take())]

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """A hole in rows that are skipped does no harm."""
        if not self._messages[is_orig].lost(length):
            self.finish(ts)

    # -- the client ---------------------------------------------------------------------------------

    def _from_client(self, packet: bytes, ts: float) -> None:
        if not self._logged_in:
            if self._event is None and len(packet) >= 12:
                self._log_in(packet, ts)
            return
        if packet[3]:
            return  # goes on with what began before: a local file, a very long query
        self._conclude()
        code = packet[4]
        name = _COMMANDS[code] if code < len(_COMMANDS) else f"unknown-{code}"
        if name == "change_user":
            self._logged_in = False
            argument = _until_nul(packet, 5)
        else:
            argument = packet[5:].removesuffix(b"\x00")
            if name == "query" and self._flags & _QUERY_ATTRIBUTES and argument[:2] == b"\x00\x01":
                argument = argument[2:]  # no attributes
        self._columns = None
        self._begin(name, argument, ts)
        if name in _UNANSWERED:
            self._conclude()

    def _log_in(self, packet: bytes, ts: float) -> None:
        flags = packet[4] | packet[5] << 8
        if flags & _PROTOCOL_41:
            flags |= packet[6] << 16 | packet[7] << 24
            if flags & _SSL:
                self.successor = Tls
                self.done = True
                return
            user = _until_nul(packet, 4 + _SSL_REQUEST)
        else:
            user = _until_nul(packet, 9)
        self._flags = flags
        self._begin("login", user[:MAX_USER], ts)

    def _begin(self, name: str, argument: bytes, ts: float) -> None:
        self._event = MysqlEvent(ts=ts, **self.whose, cmd=name, arg=printable(argument))

    def _conclude(self) -> None:
        if self._event is not None:
            self.emit(self._event)
            self._event = None

    # -- the server ---------------------------------------------------------------------------------

    def _from_server(self, packet: bytes, ts: float) -> None:
        kind = packet[4]
        event = self._event
        if event is None:
            if kind == _ERROR and not self._logged_in and packet[3] < 2:
                self._begin("connect", b"", ts)
                self._on_error(packet)
            return
        if kind == _ERROR:
            self._on_error(packet)
        elif not self._logged_in:
            if kind == _OK:
                self._logged_in = True
                self._succeed(_lenenc(packet, 5))
                if self._flags & _COMPRESS:
                    self.done = True  # packets come compressed from here on
        elif event.cmd in _WITH_RESULTS:
            self._on_result(packet)
        elif event.cmd == "field_list":
            if kind == _EOF and len(packet) < 4 + _MOST_EOF:
                self._succeed(0)
        else:
            self._succeed(_lenenc(packet, 5) if kind == _OK and event.cmd != "stmt_prepare" else None)

    def _on_result(self, packet: bytes) -> None:
        """OK, or a number of columns, their definitions, rows, and an end (EOF, or OK in its place)."""
        kind, columns = packet[4], self._columns
        ends = kind == _EOF and len(packet) < MAX_KEPT
        if columns is None:
            if kind == _OK:
                self._succeed(_lenenc(packet, 5))
            elif kind != _LOCAL_FILE:
                self._columns = _lenenc(packet, 4)
        elif columns > 0:
            self._columns = columns - 1
        elif columns == 0:
            self._columns = -1  # the EOF between definitions and rows, where there is one
            if self._flags & _DEPRECATE_EOF and ends:
                self._succeed(0)
        elif ends and (self._flags & _DEPRECATE_EOF or len(packet) < 4 + _MOST_EOF):
            self._succeed(0)

    def _succeed(self, rows: int | None) -> None:
        if self._event is not None:
            self._event.success = True
            self._event.rows = rows
            self._conclude()

    def _on_error(self, packet: bytes) -> None:
        if self._event is not None:
            self._event.success = False
            self._event.response = printable(packet[13 if packet[7:8] == b"#" else 7 :])
            self._conclude()

    def finish(self, ts: float) -> None:
        """Tell the command that waits for its answer."""
        self._conclude()
        self.done = True
