"""SMB 1 (MS-CIFS, MS-SMB): requests with their answers, chained ones (AndX) and transactions on pipes."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from struct import unpack_from
from typing import Any, Final

from sentinel.event.ntlm import Ntlm
from sentinel.protocol.analyzer import Emit, Endpoints
from sentinel.protocol.smb_share import MAX_NAME, OpenFile, Shares, Sink, Times, Tree, filetime

__all__ = ["Smb1"]

HEADER: Final = 32
MAX_PENDING: Final = 512
"""Requests of one connection that wait for their answer."""
MAX_CHAIN: Final = 8
"""Commands in one message."""

_DELETE, _RENAME, _CLOSE, _TRANSACTION, _TRANSACTION_MORE, _OPEN = 0x06, 0x07, 0x04, 0x25, 0x26, 0x2D
_READ, _WRITE, _TRANSACTION2, _TREE_DISCONNECT = 0x2E, 0x2F, 0x32, 0x71
_NEGOTIATE, _SESSION_SETUP, _TREE_CONNECT, _CREATE = 0x72, 0x73, 0x75, 0xA2
_CHAINED: Final = frozenset({0x24, _OPEN, _READ, _WRITE, _SESSION_SETUP, 0x74, _TREE_CONNECT, _CREATE})
_REPLY: Final = 0x80
_UNICODE: Final = 0x8000
_MORE_PROCESSING: Final = 0xC000_0016
_BUFFER_OVERFLOW: Final = 0x8000_0005
_DELETE_ON_CLOSE: Final = 0x1000
_SHARE_TYPES: Final = {"IPC": "PIPE", "LPT1:": "PRINT"}
_TRANS2_SESSION_SETUP: Final = 0x0E


@dataclass(slots=True)
class _Request:
    """A request that waits for its answer."""

    name: str = ""
    file: OpenFile | None = None
    offset: int = 0
    delete_on_close: bool = False
    path: str | None = None
    login: Ntlm | None = None


class _Block:
    """One command of a message: its words, and where its bytes lie."""

    __slots__ = ("begin", "end", "words")

    def __init__(self, data: bytes, at: int) -> None:
        count = data[at] if at < len(data) else 0
        self.words = data[at + 1 : at + 1 + 2 * count]
        self.begin = at + 3 + 2 * count
        size = unpack_from("<H", data, self.begin - 2)[0] if self.begin <= len(data) else 0
        self.end = min(len(data), self.begin + size)

    def has(self, words: int) -> bool:
        return len(self.words) >= 2 * words

    def u16(self, at: int) -> int:
        return int.from_bytes(self.words[at : at + 2], "little")

    def u32(self, at: int) -> int:
        return int.from_bytes(self.words[at : at + 4], "little")


class Smb1:
    """One connection's messages; each comes whole, but for large reads and writes (`bulk`)."""

    def __init__(self, flow: Endpoints, emit: Emit, shares: Shares, whose: dict[str, Any]) -> None:
        self._flow = flow
        self._emit = emit
        self._shares = shares
        self._whose = whose
        self._pending: OrderedDict[tuple[int, int, int], _Request] = OrderedDict()

    def message(self, data: bytes, ts: float) -> None:
        """One message with the commands chained in it."""
        if len(data) < HEADER + 3:
            self._flow.weird("SMB1_short_message", ts, None, "SMB")
            return
        command, at = data[4], HEADER
        for _ in range(MAX_CHAIN):
            block = _Block(data, at)
            if data[9] & _REPLY:
                self._response(command, data, block, ts)
            else:
                self._request(command, data, block, ts)
            if command not in _CHAINED or not block.has(2):
                return
            command, following = block.words[0], block.u16(2)
            if command == 0xFF or following <= at or following + 3 > len(data):
                return
            at = following

    def finish(self) -> None:
        """Tell log-ins that were not answered."""
        for request in self._pending.values():
            if request.login is not None:
                self._emit(request.login)
        self._pending.clear()

    def bulk(self, data: bytes, ts: float) -> tuple[int, int, Sink | None] | None:
        """Is this the beginning of a read's answer or a write alone? Then where its content lies: (from, size, for whom)."""
        block = _Block(data, HEADER)
        if not block.has(12) or block.words[0] != 0xFF:
            return None
        if data[4] == _READ and data[9] & _REPLY:
            request = self._answered(data, _READ)
            return block.u16(12), block.u16(10) | block.u16(14) << 16, self._read_sink(request, data, ts)
        if data[4] == _WRITE and not data[9] & _REPLY:
            return block.u16(22), block.u16(20) | block.u16(18) << 16, self._write_sink(data, block, ts)
        return None

    # -- requests -----------------------------------------------------------------------------------

    def _request(self, command: int, data: bytes, block: _Block, ts: float) -> None:
        if command == _SESSION_SETUP:
            self._log_in(data, block, ts)
        elif command == _TREE_CONNECT and block.has(4):
            begin = block.begin + block.u16(6)
            path, _ = _string(data, begin, block.end)
            self._await(data, command, _Request(path=path), ts)
        elif command == _TREE_DISCONNECT:
            self._shares.disconnect(_tree(data))
        elif command == _CREATE and block.has(24):
            name, _ = _string(data, block.begin, block.end)
            opening = _Request(name, delete_on_close=bool(block.u32(39) & _DELETE_ON_CLOSE))
            self._await(data, command, opening, ts)
        elif command == _OPEN and block.has(15):
            self._await(data, command, _Request(_string(data, block.begin, block.end)[0]), ts)
        elif command == _READ and block.has(10):
            offset = block.u32(6) | (block.u32(20) << 32 if block.has(12) else 0)
            file = self._shares.file(block.u16(4))
            self._await(data, command, _Request(file=file, offset=offset), ts)
            if file is not None:
                self._shares.begin("SMB::FILE_READ", file, ts)
        elif command == _WRITE and block.has(12):
            sink = self._write_sink(data, block, ts)
            if sink is not None:
                begin = block.u16(22)
                sink.take(data[begin : begin + (block.u16(20) | block.u16(18) << 16)], ts)
        elif command == _CLOSE and block.has(1):
            self._shares.close(block.u16(0), ts)
        elif command in (_DELETE, _RENAME):
            self._await(data, command, _names(data, block), ts)
        elif command in (_TRANSACTION, _TRANSACTION_MORE):
            self._transaction(command, data, block, ts)
        elif command == _TRANSACTION2 and block.has(15):
            self._transaction2(data, block, ts)

    def _log_in(self, data: bytes, block: _Block, ts: float) -> None:
        """MS-SMB section 2.2.4.6.1 (12 words, a token), or MS-CIFS section 2.2.4.53.1 (13 words, answers to a challenge)."""
        request = _Request()
        if len(block.words) == 24:
            begin = block.begin
            self._shares.negotiation.token(data[begin : begin + block.u16(14)], ts)
        elif block.has(13):
            user, at = _string(data, block.begin + block.u16(14) + block.u16(16), block.end)
            domain, _ = _string(data, at, block.end)
            if user:
                request.login = Ntlm(ts=ts, **self._whose, username=user, domainname=domain or None)
        self._await(data, _SESSION_SETUP, request, ts)

    def _await(self, data: bytes, command: int, request: _Request, ts: float) -> None:
        if len(self._pending) >= MAX_PENDING:
            self._flow.weird("SMB_discarded_messages_state", ts, None, "SMB")
            self._pending.popitem(last=False)
        self._pending[(*_exchange(data), command)] = request

    def _write_sink(self, data: bytes, block: _Block, ts: float) -> Sink | None:
        file = self._shares.file(block.u16(4))
        if file is None:
            return None
        self._shares.begin("SMB::FILE_WRITE", file, ts)
        offset = block.u32(6) | (block.u32(24) << 32 if block.has(14) else 0)
        return self._shares.writing(file, offset, ts)

    def _transaction(self, command: int, data: bytes, block: _Block, ts: float) -> None:
        """A call over a named pipe (MS-CIFS section 2.2.5.6), perhaps in several messages."""
        if command == _TRANSACTION and block.has(16):
            file = self._shares.file(block.u16(30))
            if file is None or file.pipe is None:
                return
            self._await(data, _TRANSACTION, _Request(file=file), ts)
            size, begin = block.u16(22), block.u16(24)
        elif command == _TRANSACTION_MORE and block.has(8):
            request = self._pending.get((*_exchange(data), _TRANSACTION))
            if request is None or request.file is None:
                return
            file, size, begin = request.file, block.u16(10), block.u16(12)
        else:
            return
        self._shares.writing(file, 0, ts).take(data[begin : begin + size], ts)

    def _transaction2(self, data: bytes, block: _Block, ts: float) -> None:
        """What is set of a file (MS-CIFS sections 2.2.6.7 and 2.2.6.9), at its number or its name."""
        code, begin = block.u16(28), block.u16(20)
        if code == _TRANS2_SESSION_SETUP:
            self._flow.weird("SMB1_trans2_session_setup", ts, None, "SMB")
            return
        values = data[block.u16(24) : block.u16(24) + block.u16(22)]
        file: OpenFile | None = None
        if code == 8 and begin + 4 <= len(data):
            number, level = unpack_from("<HH", data, begin)
            file = self._shares.file(number)
        elif code == 6 and begin + 6 <= len(data):
            level = unpack_from("<H", data, begin)[0]
            name, _ = _string(data, begin + 6, begin + block.u16(18))
            file = OpenFile(self._shares.tree(_tree(data)), name)
        if file is None:
            return
        if level in (0x102, 1013) and values[:1] == b"\x01":
            self._shares.tell("SMB::FILE_DELETE", file, ts)
        elif level == 1010 and len(values) > 12:
            size = min(unpack_from("<I", values, 8)[0], 2 * MAX_NAME)
            self._shares.renamed(file, values[12 : 12 + size].decode("utf-16-le", "replace"), ts)

    # -- answers ------------------------------------------------------------------------------------

    def _answered(self, data: bytes, command: int) -> _Request | None:
        return self._pending.pop((*_exchange(data), command), None)

    def _response(self, command: int, data: bytes, block: _Block, ts: float) -> None:
        status = unpack_from("<I", data, 5)[0]
        request = self._answered(data, command)
        if command == _NEGOTIATE and block.has(17):
            self._shares.negotiation.token(data[block.begin + 16 : block.end], ts)
        elif command == _SESSION_SETUP:
            self._logged_in(data, block, status, request, ts)
        elif request is None:
            return
        elif command == _READ and status in (0, _BUFFER_OVERFLOW) and block.has(12):
            sink = self._read_sink(request, data, ts)
            if sink is not None:
                begin = block.u16(12)
                sink.take(data[begin : begin + (block.u16(10) | block.u16(14) << 16)], ts)
        elif command == _TRANSACTION and status in (0, _BUFFER_OVERFLOW) and block.has(10):
            self._transacted(data, block, request, ts)
        elif status:
            return
        elif command == _TREE_CONNECT:
            self._connected(data, block, request, ts)
        elif command == _CREATE and block.has(32):
            self._created(data, block, request, ts)
        elif command == _OPEN and block.has(7):
            file = OpenFile(self._shares.tree(_tree(data)), request.name, block.u32(12))
            self._shares.opened(block.u16(4), file, ts)
        elif command == _DELETE:
            self._shares.tell("SMB::FILE_DELETE", OpenFile(self._shares.tree(_tree(data)), request.name), ts)
        elif command == _RENAME and request.path is not None:
            self._shares.renamed(OpenFile(self._shares.tree(_tree(data)), request.name), request.path, ts)

    def _logged_in(
        self, data: bytes, block: _Block, status: int, request: _Request | None, ts: float
    ) -> None:
        if block.has(4):
            self._shares.negotiation.token(data[block.begin : block.begin + block.u16(6)], ts)
        if status != _MORE_PROCESSING:
            self._shares.negotiation.concluded(status == 0)
        if request is not None and request.login is not None:
            request.login.success = status == 0
            self._emit(request.login)

    def _connected(self, data: bytes, block: _Block, request: _Request, ts: float) -> None:
        service = data[block.begin : block.end].partition(b"\0")[0]
        kind = service[:16].decode("latin-1")
        system, _ = _string(data, block.begin + len(service) + 1, block.end)
        tree = Tree(request.path, _SHARE_TYPES.get(kind, "DISK"), kind or None, system or None)
        self._shares.connect(_tree(data), tree, ts)

    def _created(self, data: bytes, block: _Block, request: _Request, ts: float) -> None:
        created, accessed, modified, changed = unpack_from("<QQQQ", block.words, 11)
        times = None
        if modified:
            times = Times(filetime(created), filetime(accessed), filetime(modified), filetime(changed))
        size = unpack_from("<Q", block.words, 55)[0]
        file = OpenFile(self._shares.tree(_tree(data)), request.name or "<share_root>", size, times)
        self._shares.opened(block.u16(5), file, ts)
        if request.delete_on_close:
            self._shares.tell("SMB::FILE_DELETE", file, ts)

    def _transacted(self, data: bytes, block: _Block, request: _Request, ts: float) -> None:
        if request.file is None:
            return
        size, begin = block.u16(12), block.u16(14)
        if block.u16(16) + size < block.u16(2):  # more of it comes
            self._await(data, _TRANSACTION, request, ts)
        self._shares.reading(request.file, 0, ts).take(data[begin : begin + size], ts)

    def _read_sink(self, request: _Request | None, data: bytes, ts: float) -> Sink | None:
        if (
            request is None
            or request.file is None
            or unpack_from("<I", data, 5)[0] not in (0, _BUFFER_OVERFLOW)
        ):
            return None
        return self._shares.reading(request.file, request.offset, ts)


def _exchange(data: bytes) -> tuple[int, int]:
    """(process, multiplex id)."""
    process, _, multiplex = unpack_from("<HHH", data, 26)
    return process, multiplex


def _tree(data: bytes) -> int:
    return unpack_from("<H", data, 24)[0]  # type: ignore[no-any-return]


def _string(data: bytes, at: int, end: int) -> tuple[str, int]:
    """A string in the message's character set up to its NUL, and where the next begins."""
    end = min(end, len(data), at + 2 * MAX_NAME + 2)
    if not unpack_from("<H", data, 10)[0] & _UNICODE:
        text = data[at:end].partition(b"\0")[0]
        return text.decode("latin-1"), at + len(text) + 1
    at += at & 1  # aligned to the header (MS-CIFS section 2.2.1.1.1)
    stop = data.find(b"\0\0", at, end)
    while stop >= 0 and (stop - at) & 1:
        stop = data.find(b"\0\0", stop + 1, end)
    if stop < 0:
        stop = at + ((end - at) & ~1 if end > at else 0)
    return data[at:stop].decode("utf-16-le", "replace"), stop + 2


def _names(data: bytes, block: _Block) -> _Request:
    """One or two names, each behind a byte 4."""
    first, at = _string(data, block.begin + 1, block.end)
    second, _ = _string(data, at + 1, block.end)
    return _Request(first, path=second or None)
