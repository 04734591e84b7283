"""SMB 2 and 3 (MS-SMB2): requests with their answers, alone or compounded."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from struct import unpack_from
from typing import Final

from sentinel.protocol.analyzer import Endpoints
from sentinel.protocol.smb_share import MAX_NAME, OpenFile, Shares, Sink, Times, Tree, filetime

__all__ = ["HEADER", "Smb2"]

HEADER: Final = 64
MAX_PENDING: Final = 1024
"""Requests of one connection that wait for their answer."""
MAX_COMPOUND: Final = 64
MAX_RELATED_DATA: Final = 1 << 16
"""Bytes written to a file in the same message that opens it."""

_NEGOTIATE, _SESSION_SETUP, _TREE_CONNECT, _TREE_DISCONNECT = 0, 1, 3, 4
_CREATE, _CLOSE, _READ, _WRITE, _IOCTL, _SET_INFO = 5, 6, 8, 9, 11, 17
_RESPONSE: Final = 1
_PENDING: Final = 0x103
_MORE_PROCESSING: Final = 0xC000_0016
_BUFFER_OVERFLOW: Final = 0x8000_0005
_PIPE_TRANSCEIVE: Final = 0x0011_C017
_DELETE_ON_CLOSE: Final = 0x1000
_PREVIOUS_FILE: Final = b"\xff" * 16
_SHARE_TYPES: Final = {1: "DISK", 2: "PIPE", 3: "PRINT"}
_RENAME, _DISPOSITION, _BASIC, _DISPOSITION_EX, _RENAME_EX = 10, 13, 4, 64, 65
_PREAUTH, _COMPRESSION = 1, 3
_LATEST: Final = 0x0311
_DRAFTS: Final = {0x0222, 0x0224}
"""Dialects between 2.1 and 3.0 that no released system speaks."""
_LEAST: Final = {
    _NEGOTIATE: 36,
    _SESSION_SETUP: 16,
    _TREE_CONNECT: 8,
    _CREATE: 48,
    _CLOSE: 24,
    _READ: 32,
    _WRITE: 32,
    _IOCTL: 32,
    _SET_INFO: 32,
}
"""Bytes after the header that a request has at least."""


@dataclass(slots=True)
class _Request:
    """A request that waits for its answer."""

    command: int
    tree: tuple[int, int] = (0, 0)
    name: str = ""
    file: OpenFile | None = None
    offset: int = 0
    delete_on_close: bool = False
    data: bytes = b""
    related: list[_Request] = field(default_factory=list)
    """Requests of the same message on the file that this one opens."""


class Smb2:
    """One connection's messages; each comes whole, but for large reads and writes (`bulk`)."""

    def __init__(self, flow: Endpoints, shares: Shares) -> None:
        self._flow = flow
        self._shares = shares
        self._pending: OrderedDict[int, _Request] = OrderedDict()
        self._opening: _Request | None = None

    def message(self, data: bytes, ts: float) -> None:
        """One message, or several one after another (section 3.3.5.2.7)."""
        self._opening = None
        at = 0
        for _ in range(MAX_COMPOUND):
            if len(data) - at < HEADER + 2:
                self._flow.weird("SMB2_short_message", ts, None, "SMB")
                return
            step = unpack_from("<I", data, at + 20)[0]
            self._one(data[at : at + step] if step else data[at:], ts)
            if step < HEADER:
                return
            at += step
        self._flow.weird("SMB2_too_many_compounded", ts, None, "SMB")

    def bulk(self, data: bytes, ts: float) -> tuple[int, int, Sink | None] | None:
        """Is this the beginning of a read's answer or a write alone? Then where its content lies: (from, size, for whom)."""
        if len(data) < HEADER + 48 or unpack_from("<I", data, 20)[0]:
            return None
        command, flags = unpack_from("<H", data, 12)[0], unpack_from("<I", data, 16)[0]
        if command == _READ and flags & _RESPONSE:
            request = self._answered(data)
            begin, size = data[HEADER + 2], unpack_from("<I", data, HEADER + 4)[0]
            return begin, size, None if request is None else self._read_sink(request, data, ts)
        if command == _WRITE and not flags & _RESPONSE:
            begin, size = unpack_from("<HI", data, HEADER + 2)
            return begin, size, self._write_sink(data, ts)
        return None

    def _one(self, data: bytes, ts: float) -> None:
        if len(data) < HEADER + 2 or data[:4] != b"\xfeSMB":
            self._flow.weird("SMB2_bad_header", ts, None, "SMB")
            return
        command, flags = unpack_from("<H", data, 12)[0], unpack_from("<I", data, 16)[0]
        if flags & _RESPONSE:
            self._response(command, data, ts)
        elif len(data) >= HEADER + _LEAST.get(command, 0):
            self._request(command, data, ts)
        else:
            self._flow.weird("SMB2_short_message", ts, None, "SMB")

    # -- requests -----------------------------------------------------------------------------------

    def _request(self, command: int, data: bytes, ts: float) -> None:
        if command == _NEGOTIATE:
            self._negotiate(data, ts)
        elif command == _SESSION_SETUP:
            begin, size = unpack_from("<HH", data, HEADER + 12)
            self._shares.negotiation.token(data[begin : begin + size], ts)
            self._await(data, _Request(command), ts)
        elif command == _TREE_CONNECT:
            begin, size = unpack_from("<HH", data, HEADER + 4)
            self._await(data, _Request(command, name=_text(data, begin, size)), ts)
        elif command == _TREE_DISCONNECT:
            self._shares.disconnect(_tree(data))
        elif command == _CREATE:
            begin, size = unpack_from("<HH", data, HEADER + 44)
            opening = _Request(
                command,
                _tree(data),
                _text(data, begin, size) or "<share_root>",
                delete_on_close=bool(unpack_from("<I", data, HEADER + 40)[0] & _DELETE_ON_CLOSE),
            )
            self._await(data, opening, ts)
            self._opening = opening
        elif command == _READ:
            self._on_file(data, _Request(command, offset=unpack_from("<Q", data, HEADER + 8)[0]), 16, ts)
        elif command == _WRITE:
            begin, size = unpack_from("<HI", data, HEADER + 2)
            sink = self._write_sink(data, ts)
            if sink is not None:
                sink.take(data[begin : begin + size], ts)
        elif command == _CLOSE:
            self._on_file(data, _Request(command), 8, ts)
        elif command == _SET_INFO:
            self._on_file(data, _Request(command, data=_set_info(data)), 16, ts)
        elif command == _IOCTL:
            self._control(data, ts)

    def _await(self, data: bytes, request: _Request, ts: float) -> None:
        if len(self._pending) >= MAX_PENDING:
            self._flow.weird("SMB_discarded_messages_state", ts, None, "SMB")
            self._pending.popitem(last=False)
        self._pending[unpack_from("<Q", data, 24)[0]] = request

    def _on_file(self, data: bytes, request: _Request, at: int, ts: float) -> None:
        """A request on the file whose id is `at` bytes after the header."""
        key = data[HEADER + at : HEADER + at + 16]
        if request.command == _READ:
            self._await(data, request, ts)
        if key == _PREVIOUS_FILE and self._opening is not None:
            if len(self._opening.related) < MAX_COMPOUND:
                self._opening.related.append(request)
            return
        self._act(request, key, ts)

    def _act(self, request: _Request, key: bytes, ts: float) -> None:
        shares = self._shares
        file = request.file = shares.file(key)
        if file is None:
            return
        if request.command == _READ:
            shares.begin("SMB::FILE_READ", file, ts)
        elif request.command == _WRITE:
            shares.begin("SMB::FILE_WRITE", file, ts)
            shares.writing(file, request.offset, ts).take(request.data, ts)
        elif request.command == _CLOSE:
            shares.close(key, ts)
        elif request.command == _SET_INFO and len(request.data) > 1:
            self._change(file, request.data[0], request.data[1:], ts)

    def _change(self, file: OpenFile, kind: int, content: bytes, ts: float) -> None:
        """MS-FSCC sections 2.4.11 (disposition), 2.4.42 (rename), 2.4.7 (basic information)."""
        shares = self._shares
        if kind in (_RENAME, _RENAME_EX) and len(content) >= 20:
            shares.renamed(file, _text(content, 20, unpack_from("<I", content, 16)[0]), ts)
        elif kind in (_DISPOSITION, _DISPOSITION_EX):
            if content[0] & 1:
                shares.tell("SMB::FILE_DELETE", file, ts)
        elif kind == _BASIC:
            shares.tell("SMB::FILE_SET_ATTRIBUTE", file, ts)

    def _write_sink(self, data: bytes, ts: float) -> Sink | None:
        offset = unpack_from("<Q", data, HEADER + 8)[0]
        key = data[HEADER + 16 : HEADER + 32]
        if key == _PREVIOUS_FILE and self._opening is not None:
            begin, size = unpack_from("<HI", data, HEADER + 2)
            written = data[begin : begin + min(size, MAX_RELATED_DATA)]
            if len(self._opening.related) < MAX_COMPOUND:
                self._opening.related.append(_Request(_WRITE, offset=offset, data=written))
            return None
        file = self._shares.file(key)
        if file is None:
            return None
        self._shares.begin("SMB::FILE_WRITE", file, ts)
        return self._shares.writing(file, offset, ts)

    def _control(self, data: bytes, ts: float) -> None:
        code = unpack_from("<I", data, HEADER + 4)[0]
        file = self._shares.file(data[HEADER + 8 : HEADER + 24])
        if code != _PIPE_TRANSCEIVE or file is None or file.pipe is None:
            return
        self._await(data, _Request(_IOCTL, file=file), ts)
        begin, size = unpack_from("<II", data, HEADER + 24)
        self._shares.writing(file, 0, ts).take(data[begin : begin + size], ts)

    def _negotiate(self, data: bytes, ts: float) -> None:
        """Section 2.2.3. Scanners for CVE-2020-0796 offer drafts' dialects, or ask for compression without a salt."""
        offered = _dialects(data)
        if _LATEST not in offered:
            return
        salted, compresses = True, False
        for kind, content in _contexts(data):
            if kind == _PREAUTH and len(content) >= 6:
                begin = 4 + 2 * unpack_from("<H", content)[0]
                salt = content[begin : begin + unpack_from("<H", content, 2)[0]]
                salted = not salt or any(salt)
            elif kind == _COMPRESSION:
                compresses = True
        if compresses and (not salted or offered & _DRAFTS):
            self._flow.weird("SMB2_compression_probe", ts, None, "SMB")

    # -- answers ------------------------------------------------------------------------------------

    def _answered(self, data: bytes) -> _Request | None:
        """The request that this answers; it stays while the server says `pending`."""
        if unpack_from("<I", data, 8)[0] == _PENDING:
            return None
        return self._pending.pop(unpack_from("<Q", data, 24)[0], None)

    def _response(self, command: int, data: bytes, ts: float) -> None:
        request = self._answered(data)
        status = unpack_from("<I", data, 8)[0]
        if command == _SESSION_SETUP:
            self._session(data, status, ts)
        if request is None or request.command != command:
            return
        if command == _READ and status in (0, _BUFFER_OVERFLOW) and len(data) >= HEADER + 16:
            begin, size = data[HEADER + 2], unpack_from("<I", data, HEADER + 4)[0]
            sink = self._read_sink(request, data, ts)
            if sink is not None:
                sink.take(data[begin : begin + size], ts)
        elif command == _IOCTL and status in (0, _BUFFER_OVERFLOW) and len(data) >= HEADER + 40:
            begin, size = unpack_from("<II", data, HEADER + 32)
            if request.file is not None:
                self._shares.reading(request.file, 0, ts).take(data[begin : begin + size], ts)
        elif status:
            return
        elif command == _TREE_CONNECT and len(data) >= HEADER + 4:
            kind = data[HEADER + 2]
            self._shares.connect(
                _tree(data), Tree(request.name, _SHARE_TYPES.get(kind, f"unknown-{kind}")), ts
            )
        elif command == _CREATE and len(data) >= HEADER + 80:
            self._created(request, data, ts)

    def _session(self, data: bytes, status: int, ts: float) -> None:
        if len(data) >= HEADER + 8:
            begin, size = unpack_from("<HH", data, HEADER + 4)
            self._shares.negotiation.token(data[begin : begin + size], ts)
        if status not in (_MORE_PROCESSING, _PENDING):
            self._shares.negotiation.concluded(status == 0)

    def _created(self, request: _Request, data: bytes, ts: float) -> None:
        created, accessed, modified, changed, _, size = unpack_from("<QQQQQQ", data, HEADER + 8)
        times = None
        if modified:
            times = Times(filetime(created), filetime(accessed), filetime(modified), filetime(changed))
        file = OpenFile(self._shares.tree(request.tree), request.name, size, times)
        key = data[HEADER + 64 : HEADER + 80]
        self._shares.opened(key, file, ts)
        if request.delete_on_close:
            self._shares.tell("SMB::FILE_DELETE", file, ts)
        for later in request.related:
            self._act(later, key, ts)

    def _read_sink(self, request: _Request, data: bytes, ts: float) -> Sink | None:
        if (
            request.command != _READ
            or request.file is None
            or unpack_from("<I", data, 8)[0] not in (0, _BUFFER_OVERFLOW)
        ):
            return None
        return self._shares.reading(request.file, request.offset, ts)


def _tree(data: bytes) -> tuple[int, int]:
    """(session, tree)."""
    tree, session = unpack_from("<IQ", data, 36)
    return session, tree


def _text(data: bytes, begin: int, size: int) -> str:
    return data[begin : begin + min(size, 2 * MAX_NAME) & ~1].decode("utf-16-le", "replace")


def _set_info(data: bytes) -> bytes:
    """Which information of a file is set, and to what; nothing where it is no file's."""
    size, begin = unpack_from("<IH", data, HEADER + 4)
    if data[HEADER + 2] != 1:
        return b""
    return data[HEADER + 3 : HEADER + 4] + data[begin : begin + min(size, 2 * MAX_NAME + 64)]


def _dialects(data: bytes) -> set[int]:
    count = min(unpack_from("<H", data, HEADER + 2)[0], 64, (len(data) - HEADER - 36) // 2)
    return set(unpack_from(f"<{count}H", data, HEADER + 36))


def _contexts(data: bytes) -> list[tuple[int, bytes]]:
    """(type, content) of a negotiation's contexts (section 2.2.3.1), at most 16."""
    found: list[tuple[int, bytes]] = []
    at, count = unpack_from("<IH", data, HEADER + 28)
    for _ in range(min(count, 16)):
        if at + 8 > len(data):
            break
        kind, size = unpack_from("<HH", data, at)
        found.append((kind, data[at + 8 : at + 8 + size]))
        at += 8 + size + (-size % 8)
    return found
