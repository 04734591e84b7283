"""HTTP/1.x (RFC 9112): requests paired with responses, on any port."""

from __future__ import annotations

from collections import deque
from string import ascii_letters
from typing import Final

from sentinel.event.http import Http
from sentinel.event.websocket import Websocket
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.http_body import HttpBody, body_text
from sentinel.protocol.http_head import ODDITIES, read_head
from sentinel.protocol.http_record import listed, take_request, take_response
from sentinel.protocol.mime import mime_type
from sentinel.protocol.proxy_tunnel import emit_tunnel
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["HttpAnalyzer"]

_METHODS: Final = frozenset(
    "GET POST HEAD OPTIONS PUT DELETE TRACE CONNECT PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK "
    "POLL REPORT SUBSCRIBE UNSUBSCRIBE NOTIFY BMOVE SEARCH".split()
)
_METHOD_BYTES: Final = tuple(method.encode() + b" " for method in sorted(_METHODS))
_MAX_HEAD: Final = 65536
_MAX_PENDING: Final = 100
_MAX_LINE: Final = 4096
"""Bytes of a chunk's size line, or of one trailer."""
_MAX_METHOD: Final = 32
_WORTH: Final = 2048
"""Bytes left of a body from which on it pays to let them pass."""
_ENDLESS: Final = 1 << 62

# Where one direction stands.
_HEAD, _LENGTH, _CHUNK_SIZE, _CHUNK_DATA, _CHUNK_END, _TRAILER, _CLOSE, _LOST, _NOTHING = range(9)


class _Half:
    """One direction: what is being read, and what it goes into."""

    __slots__ = ("began", "body", "buffer", "client", "record", "remaining", "scanned", "state")

    def __init__(self, client: bool) -> None:
        self.client = client
        self.state = _HEAD
        self.buffer = b""
        self.scanned = 0
        self.began = 0.0
        self.remaining = 0
        self.record: Http | None = None
        self.body: HttpBody | None = None


class HttpAnalyzer(Analyzer):
    """Writes one event for each pair, when its response is complete or the flow ends."""

    __slots__ = ("_depth", "_names", "_offered", "_orig", "_pending", "_resp", "upgraded")

    service = "http"
    ports = frozenset({80, 81, 631, 1080, 3128, 7001, 8000, 8008, 8080, 8081, 8088, 8888, 9090})
    first_bytes = frozenset(b"\r\n-_" + ascii_letters.encode())
    whole = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._names = (flow.uid, flow.orig_h, flow.orig_p, flow.resp_h, flow.resp_p)
        self._orig = _Half(True)
        self._resp = _Half(False)
        self._pending: deque[Http] = deque()
        self._depth = 0
        self._offered: tuple[str | None, str | None] = (None, None)
        """Subprotocols and extensions of WebSocket that the last request to upgrade named."""
        self.upgraded = False
        """The flow went on in another protocol (CONNECT, WebSocket)."""

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A request line that ends in its version, or a status line."""
        if data[:1] in (b"\r", b"\n"):
            data = data.lstrip(b"\r\n")
            if not data:
                return None
        if data.startswith(b"HTTP/1."):
            return True
        end = data.find(b"\n")
        if end < 0:
            return _beginning_of_request(data)
        return b" HTTP/1." in data[max(0, end - 12) : end] and _is_token(data[: data.find(b" ")])

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Take the next bytes of one direction."""
        half = self._orig if is_orig else self._resp
        if half.buffer:
            data = half.buffer + data
            half.buffer = b""
        else:
            half.began = ts
        position = 0
        size = len(data)
        while position < size and not self.done:
            state = half.state
            if state == _HEAD:
                position = self._head(half, data, position, ts)
            elif state == _LENGTH or state == _CHUNK_DATA:
                position = self._body(half, data, position)
            elif state == _CLOSE:
                body = self._collector(half)
                body.add(data[position:] if position else data)
                self.sated = body.full
                return
            elif state == _NOTHING:
                return
            elif state == _LOST:
                position = self._find_again(half, data, position)
            else:
                position = self._line(half, data, position, ts)
        if self.successor is not None and position < size:
            self.unread = (*self.unread, (is_orig, data[position:]))

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """Missing bytes within a body are skipped; elsewhere reading goes on at the next head."""
        half = self._orig if is_orig else self._resp
        state = half.state
        if state == _CLOSE or (state in (_LENGTH, _CHUNK_DATA) and length <= half.remaining):
            self._collector(half).skip(length)
            if state != _CLOSE:
                half.remaining -= length
                if not half.remaining:
                    self._body_complete(half)
            return
        if state != _NOTHING:
            if state == _HEAD and half.buffer:
                self._cut_head(half, half.buffer, ts)
            self._abandon()
            half.buffer = b""
            half.state = _LOST

    def unwanted(self, is_orig: bool) -> int:
        """The rest of a body whose beginning is kept, but for the byte that ends it."""
        half = self._orig if is_orig else self._resp
        self.sated = False
        if half.body is None or not half.body.full:
            return 0
        if half.state == _CLOSE:
            return _ENDLESS
        return half.remaining - 1 if half.state in (_LENGTH, _CHUNK_DATA) and half.remaining > _WORTH else 0

    def skipped(self, is_orig: bool, length: int, ts: float) -> None:
        """See `Analyzer`."""
        half = self._orig if is_orig else self._resp
        self._collector(half).length += length
        if half.state != _CLOSE:
            half.remaining -= length

    def closed(self, is_orig: bool, ts: float) -> None:
        """A body without length ends with its direction."""
        half = self._orig if is_orig else self._resp
        if half.state == _CLOSE:
            self._complete(half)
            half.state = _NOTHING

    def finish(self, ts: float) -> None:
        """Write the requests that got no (whole) response."""
        for half in (self._orig, self._resp):
            if half.buffer and half.state == _HEAD:
                self._cut_head(half, half.buffer, ts)
            half.buffer = b""
            if half.state != _LOST:
                half.state = _NOTHING
        self._abandon()

    # ---- one direction ----

    def _head(self, half: _Half, data: bytes, position: int, ts: float) -> int:
        """Take a whole head at `position`, or keep what there is of it. Returns where to go on."""
        if data[position] in b"\r\n":
            rest = len(data[position:].lstrip(b"\r\n"))
            if not rest:
                return len(data)
            position = len(data) - rest
            half.scanned = 0
        start = position + max(0, half.scanned - 2)
        end = data.find(b"\n\r\n", start)
        bare = data.find(b"\n\n", start, end + 2) if end >= 0 else data.find(b"\n\n", start)
        after = end + 3
        if bare >= 0:
            end, after = bare, bare + 2
        if end - position > _MAX_HEAD or (end < 0 and len(data) - position > _MAX_HEAD):
            self._cut_head(half, data[position : position + _MAX_HEAD], ts, "HEADER_TOO_LONG")
            self.finish(ts)
            self.done = True
            return len(data)
        if end < 0:
            half.buffer = data[position:] if position else data
            half.scanned = len(data) - position
            return len(data)
        half.scanned = 0
        if data[end - 1] == 13:
            end -= 1
        self._message(half, data[position:end], half.began if not position else ts)
        return after

    def _cut_head(self, half: _Half, block: bytes, ts: float, oddity: str | None = None) -> None:
        """Read what came of a head that never ended."""
        whole, newline, rest = block.rpartition(b"\n")
        if not newline and not oddity:
            return
        half.scanned = 0
        half.buffer = b""
        self._message(half, (whole or rest).rstrip(b"\r\n"), half.began, oddity)

    def _message(self, half: _Half, block: bytes, ts: float, oddity: str | None = None) -> None:
        if self._depth == 0 and (_is_reply(block) if half.client else _is_request(block)):
            # The capture began in the middle, and the flow's originator is the server.
            self._orig.client, self._resp.client = self._resp.client, self._orig.client
        if half.client:
            self._request(half, block, ts, oddity)
        else:
            self._response(half, block, ts, oddity)

    def _body(self, half: _Half, data: bytes, position: int) -> int:
        take = len(data) - position
        if take > half.remaining:
            take = half.remaining
        end = position + take
        body = self._collector(half)
        body.add(data if take == len(data) else data[position:end])
        half.remaining -= take
        if not half.remaining:
            self._body_complete(half)
        elif half.remaining > _WORTH and body.full:
            self.sated = True
        return end

    def _body_complete(self, half: _Half) -> None:
        if half.state == _CHUNK_DATA:
            half.state = _CHUNK_END
        else:
            half.state = _HEAD
            self._complete(half)

    def _line(self, half: _Half, data: bytes, position: int, ts: float) -> int:
        """A line between chunks: size, end, trailer (RFC 9112 §7.1)."""
        end = data.find(b"\n", position)
        if end < 0:
            if len(data) - position > _MAX_LINE:
                self._bad_chunk(half, ts)
            else:
                half.buffer = data[position:]
            return len(data)
        line = data[position:end]
        if half.state == _CHUNK_END:
            if line.strip(b"\r"):
                self._bad_chunk(half, ts)
            else:
                half.state = _CHUNK_SIZE
        elif half.state == _CHUNK_SIZE:
            self._chunk_size(half, line, ts)
        elif not line.strip(b"\r"):
            half.state = _HEAD
            self._complete(half)
        return end + 1

    def _chunk_size(self, half: _Half, line: bytes, ts: float) -> None:
        digits = line.partition(b";")[0].strip(b" \t\r")
        try:
            # int() takes 0x and _ too, which no server may
            size = (
                int(digits, 16)
                if digits.isalnum() and len(digits) <= 16 and b"x" not in digits.lower()
                else -1
            )
        except ValueError:
            size = -1
        if size < 0:
            self._bad_chunk(half, ts)
        elif size:
            half.remaining = size
            half.state = _CHUNK_DATA
        else:
            half.state = _TRAILER

    def _bad_chunk(self, half: _Half, ts: float) -> None:
        self._note(half.record, ["BAD_CHUNK_SIZE"], ts)
        half.buffer = b""
        half.state = _LOST
        self._complete(half)

    def _find_again(self, half: _Half, data: bytes, position: int) -> int:
        """After a loss: does a head start here?"""
        piece = data[position : position + 16]
        if piece.startswith(b"HTTP/1.") if not half.client else piece.startswith(_METHOD_BYTES):
            half.state = _HEAD
            half.record = half.body = None
            return position
        return len(data)

    def _collector(self, half: _Half) -> HttpBody:
        body = half.body
        if body is None:  # its record is written already: the rest is read past
            body = half.body = HttpBody(0, None)
        return body

    # ---- messages ----

    def _request(self, half: _Half, block: bytes, ts: float, oddity: str | None) -> None:
        start, headers, names, oddities = read_head(block)
        method, _, rest = start.partition(" ")
        uri, _, version = rest.rpartition(" ")
        if not version.startswith("HTTP/"):
            if method not in _METHODS or not rest:
                self.flow.weird("HTTP_not_a_request_line", ts, addl=start[:64], source="HTTP")
                half.state = _LOST
                return
            uri = rest
        if method not in _METHODS:
            self.flow.weird("unknown_HTTP_method", ts, addl=method[:_MAX_METHOD], source="HTTP")
        record = self._record(ts)
        record.method = method
        take_request(record, uri, headers, names, self.settings.mask_passwords)
        if "UPGRADE" in headers:
            self._offered = headers.get("SEC-WEBSOCKET-PROTOCOL"), headers.get("SEC-WEBSOCKET-EXTENSIONS")
        if oddities is not None or oddity is not None:
            self._note(record, [*(oddities or ()), *([oddity] if oddity else ())], ts)
        if len(self._pending) >= _MAX_PENDING:
            self.flow.weird("HTTP_excessive_pipelining", ts, source="HTTP")
            self._abandon()
        self._pending.append(record)
        self._frame(half, record, headers)

    def _response(self, half: _Half, block: bytes, ts: float, oddity: str | None) -> None:
        if not block.startswith(b"HTTP/"):
            self.flow.weird("HTTP_not_a_reply_line", ts, addl=repr(block[:64]), source="HTTP")
            half.state = _LOST
            return
        start, headers, names, oddities = read_head(block)
        version, _, rest = start.partition(" ")
        code, _, message = rest.partition(" ")
        pending = self._pending
        if pending:
            record = pending[0]
        else:
            if self._depth:
                self.flow.weird("unmatched_HTTP_reply", ts, source="HTTP")
            record = self._record(ts)
            pending.append(record)
        record.version = version[5:]
        status = int(code) if code.isascii() and code.isdigit() and len(code) <= 4 else 0
        if not status:
            self.flow.weird("bad_HTTP_reply", ts, addl=start[:64], source="HTTP")
        record.status_code = status
        record.status_msg = message
        if 100 <= status < 200 and status != 101:
            record.info_code = status
            record.info_msg = message
            return
        take_response(record, headers, names)
        if oddities is not None or oddity is not None:
            self._note(record, [*(oddities or ()), *([oddity] if oddity else ())], ts)
        if record.method == "CONNECT" and 200 <= status < 300:
            self.successor = Analyzer  # whatever the two sides speak through the proxy
            self.unread = [(True, self._orig.buffer), (False, self._resp.buffer)]
            emit_tunnel(self.flow, self.emit, ts, "Tunnel::HTTP")
            self._upgrade()
        elif status == 101:
            if headers.get("UPGRADE", "").lower() == "websocket":
                self._websocket(record, headers, ts)
            self._upgrade()
        elif status in (204, 304) or record.method == "HEAD":
            half.record = record
            self._complete(half)
        else:
            self._frame(half, record, headers)

    def _frame(self, half: _Half, record: Http, headers: dict[str, str]) -> None:
        """Find out how the body's end will be known (RFC 9112 §6.3)."""
        half.record = record
        coding = headers.get("TRANSFER-ENCODING")
        length = headers.get("CONTENT-LENGTH")
        if coding is not None and coding.lower().rpartition(",")[2].strip() == "chunked":
            half.state = _CHUNK_SIZE
        elif length is not None and length != "0" and (remaining := int(length)):
            half.state = _LENGTH
            half.remaining = remaining
        elif length is not None or half.client:
            self._complete(half)
            return
        else:
            half.state = _CLOSE
        half.body = HttpBody(self.settings.http_body_bytes, headers.get("CONTENT-ENCODING"))

    def _complete(self, half: _Half) -> None:
        """A message is whole; a response's completes its pair."""
        record = half.record
        self._take_body(half)
        half.record = half.body = None
        if record is not None and not half.client:
            if self._pending and self._pending[0] is record:
                self._pending.popleft()
            other = self._orig if half is self._resp else self._resp
            if other.record is record:
                self._take_body(other)
                other.record = None
            self.emit(record)

    def _take_body(self, half: _Half) -> None:
        """Put what there is of a body into its record."""
        body, record = half.body, half.record
        if body is None or record is None:
            return
        half.body = None
        beginning = body.beginning()
        kind = mime_type(beginning)
        if body.fault:
            self.flow.weird(body.fault, record.ts, source="HTTP")
        if half.client:
            record.request_body_len = body.length
            record.client_body = body_text(beginning, record.content_type) if beginning else None
            record.orig_mime_types = [kind] if kind else None
        else:
            record.response_body_len = body.length
            record.server_body = body_text(beginning, record.resp_content_type) if beginning else None
            record.resp_mime_types = [kind] if kind else None

    def _abandon(self) -> None:
        """Write every pending pair as it stands."""
        for half in (self._orig, self._resp):
            self._take_body(half)
            half.record = None
        while self._pending:
            self.emit(self._pending.popleft())

    def _upgrade(self) -> None:
        self.upgraded = True
        self._abandon()
        self._orig.state = self._resp.state = _NOTHING
        self._orig.buffer = self._resp.buffer = b""
        self.done = True

    def _websocket(self, record: Http, headers: dict[str, str], ts: float) -> None:
        """The server agreed to WebSocket (RFC 6455 section 4.2.2)."""
        client_protocols, client_extensions = self._offered
        self.emit(
            Websocket(
                ts=ts,
                **self.whose,
                host=record.host,
                uri=record.uri,
                user_agent=record.user_agent,
                subprotocol=headers.get("SEC-WEBSOCKET-PROTOCOL"),
                client_protocols=listed(client_protocols),
                server_extensions=listed(headers.get("SEC-WEBSOCKET-EXTENSIONS")),
                client_extensions=listed(client_extensions),
            )
        )

    def _record(self, ts: float) -> Http:
        self._depth += 1
        uid, orig_h, orig_p, resp_h, resp_p = self._names
        return Http(
            ts=ts,
            uid=uid,
            orig_h=orig_h,
            orig_p=orig_p,
            resp_h=resp_h,
            resp_p=resp_p,
            trans_depth=self._depth,
            request_body_len=0,
            response_body_len=0,
        )

    def _note(self, record: Http | None, oddities: list[str], ts: float) -> None:
        for oddity in oddities:
            self.flow.weird(ODDITIES[oddity], ts, source="HTTP")
            tag = "HTTP::" + oddity
            if record is not None and tag not in record.tags:
                record.tags = [*record.tags, tag]


def _is_token(word: bytes) -> bool:
    return 0 < len(word) <= _MAX_METHOD and word.replace(b"-", b"").replace(b"_", b"").isalpha()


def _is_reply(block: bytes) -> bool:
    return block.startswith(b"HTTP/1.")


def _is_request(block: bytes) -> bool:
    return b" HTTP/1." in block.partition(b"\n")[0]


def _beginning_of_request(data: bytes) -> bool | None:
    """Is a line not ended yet the beginning of a request line?"""
    if b"HTTP/1.".startswith(data):
        return None
    word, space, rest = data.partition(b" ")
    if not _is_token(word):
        return False
    if not space or len(data) < 1024:
        return None
    return data.startswith(_METHOD_BYTES) and rest[:1] in (b"/", b"h", b"*")
