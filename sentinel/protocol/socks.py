"""SOCKS 4, 4a and 5 (RFC 1928, 1929): who is connected whither; what is carried is read as if it came directly."""

from __future__ import annotations

from socket import AF_INET6, inet_ntoa, inet_ntop
from typing import ClassVar, Final

from sentinel.event.socks import Socks as SocksEvent
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.lines import printable
from sentinel.protocol.proxy_tunnel import emit_tunnel
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["Socks"]

MAX_PENDING: Final = 16_384

_V5_STATUS: Final = (
    "succeeded",
    "general SOCKS server failure",
    "connection not allowed by ruleset",
    "Network unreachable",
    "Host unreachable",
    "Connection refused",
    "TTL expired",
    "Command not supported",
    "Address type not supported",
)
_V4_STATUS: Final = {
    0x5A: "succeeded",
    0x5B: "general SOCKS server failure",
    0x5C: "request failed because client is not running identd",
    0x5D: "request failed because client's identd could not confirm the user ID string in the request",
}
_METHODS: Final = frozenset({0, 1, 2, 3, 5, 6, 7, 8, 9, *range(0x80, 0xFF)})


def _v5_status(code: int) -> str:
    return _V5_STATUS[code] if code < len(_V5_STATUS) else f"unknown-{code}"


class _More(Exception):
    """The message ends in bytes that are still to come."""


def _address(data: bytes, at: int) -> tuple[str | None, str | None, int, int]:
    """Host or name, port, and where they end, of a SOCKS 5 address at `at` (RFC 1928 section 5)."""
    kind = data[at]
    size = 4 if kind == 1 else 16 if kind == 4 else 1 + data[at + 1] if kind == 3 else -1
    if size < 0:
        raise ValueError(kind)
    end = at + 1 + size
    if len(data) < end + 2:
        raise _More
    raw = data[at + 1 : end]
    host = inet_ntoa(raw) if kind == 1 else inet_ntop(AF_INET6, raw) if kind == 4 else None
    name = printable(raw[1:]) if kind == 3 else None
    return host, name, data[end] << 8 | data[end + 1], end + 2


class Socks(Analyzer):
    """One connection through a proxy, until it is through."""

    __slots__ = ("_event", "_method", "_pending", "_steps")

    service: ClassVar[str] = "socks"
    ports: ClassVar[frozenset[int]] = frozenset({1080, 1081, 9050, 10808})

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._event: SocksEvent | None = None
        self._pending = [b"", b""]
        self._steps = [0, 0]
        """Messages read of each direction."""
        self._method: int | None = None

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """SOCKS 5's list of methods, which the client's first bytes hold entirely; SOCKS 4's request."""
        if not is_orig or data[0] not in (4, 5):
            return False
        size = len(data)
        if data[0] == 5:
            if size < 2 or (0 < data[1] <= 8 and size < 2 + data[1]):
                return None if _METHODS.issuperset(data[2:]) else False
            end = 2 + data[1]
            rest = data[end : end + 2]
            return 2 < end <= 10 and _METHODS.issuperset(data[2:end]) and rest[:1] in (b"", b"\x01", b"\x05")
        if size < 9:
            return None if size < 2 or data[1] in (1, 2) else False
        if data[1] not in (1, 2) or data[2:4] == b"\x00\x00":
            return False
        user, ended, rest = data[8:].partition(b"\x00")
        if not ended:
            return None if size < 264 else False
        if not (user.isascii() and (not user or user.decode("ascii").isprintable())):
            return False
        if data[4:7] == b"\x00\x00\x00":
            name, ended, rest = rest.partition(b"\x00")
            return bool(name) and name.isascii() and name.decode("ascii").isprintable() if ended else None
        return not rest

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        self._pending[is_orig] += data
        try:
            while not self.done and (self._pending[0] or self._pending[1]):
                if not (self._client(ts) if is_orig else self._server(ts)):
                    # what one side says may only now make sense of what the other said before
                    is_orig = not is_orig
                    if not (self._client(ts) if is_orig else self._server(ts)):
                        break
        except ValueError:
            self.flow.weird("SOCKS_invalid_message", ts, None, "SOCKS")
            self.finish(ts)
        if not self.done and max(map(len, self._pending)) > MAX_PENDING:
            self.flow.weird("SOCKS_message_too_long", ts, None, "SOCKS")
            self.finish(ts)

    def _take(self, is_orig: bool, size: int) -> None:
        self._pending[is_orig] = self._pending[is_orig][size:]
        self._steps[is_orig] += 1

    def _begin(self, version: int, ts: float) -> SocksEvent:
        if self._event is None:
            self._event = SocksEvent(ts=ts, **self.whose, version=version)
        return self._event

    # -- the client -----------------------------------------------------------------------------------

    def _client(self, ts: float) -> bool:
        """Read one message of the client; False until more comes."""
        data, step = self._pending[True], self._steps[True]
        try:
            if not data:
                return False
            if step == 0 and data[0] == 4:
                self._request_4(data, ts)
            elif step == 0:
                end = 2 + data[1]
                if data[0] != 5:
                    raise ValueError(data[0])
                if len(data) < end:
                    return False
                self._begin(5, ts)
                self._take(True, end)
            elif self._event is None or self._event.version == 4:
                return False
            elif step == 1 and data[0] == 1:
                self._log_in(data)
            elif self._steps[True] < 3 and data[0] == 5:
                self._request_5(data)
            elif self._event.request_p is None:
                raise ValueError(data[0])
            else:
                return False
        except (IndexError, _More):
            return False
        return True

    def _request_4(self, data: bytes, ts: float) -> None:
        end = data.index(b"\x00", 8) if b"\x00" in data[8:] else -1
        if end < 0:
            raise _More
        event = self._begin(4, ts)
        host: str | None = inet_ntoa(data[4:8])
        user, after = data[8:end], end + 1
        if data[4:7] == b"\x00\x00\x00" and data[7]:
            stop = data.find(b"\x00", after)
            if stop < 0:
                raise _More
            event.request_name = printable(data[after:stop])
            host, after = None, stop + 1
        event.user = printable(user) or None
        event.request_host = host
        event.request_p = data[2] << 8 | data[3]
        self._take(True, after)

    def _log_in(self, data: bytes) -> None:
        """RFC 1929."""
        name_end = 2 + data[1]
        end = name_end + 1 + data[name_end]
        if len(data) < end:
            raise _More
        if self._event is not None:
            self._event.user = printable(data[2:name_end])
            hidden = self.settings.mask_passwords
            self._event.password = "<hidden>" if hidden else printable(data[name_end + 1 : end])
        self._take(True, end)

    def _request_5(self, data: bytes) -> None:
        host, name, port, end = _address(data, 3)
        if self._event is not None:
            self._event.request_host, self._event.request_name, self._event.request_p = host, name, port
        self._steps[True] = 2
        self._take(True, end)

    # -- the server -----------------------------------------------------------------------------------

    def _server(self, ts: float) -> bool:
        """Read one message of the server; False until more comes."""
        data, event = self._pending[False], self._event
        if not data or event is None:
            return False
        try:
            if event.version == 4:
                return self._reply_4(data, event)
            if self._method is None:
                if data[0] != 5:
                    raise ValueError(data[0])
                self._method = data[1]
                self._take(False, 2)
                if self._method == 0xFF:
                    event.status = "no acceptable authentication method"
                    self.finish(ts)
            elif self._method == 2 and self._steps[False] == 1:
                event.status = _v5_status(data[1])
                self._take(False, 2)
                if data[1]:
                    self.finish(ts)
            elif event.request_p is None:
                if self._method not in (0, 2):
                    self.finish(ts)  # GSSAPI and its like wrap what follows
                return False
            else:
                return self._reply_5(data, event)
        except (IndexError, _More):
            return False
        return True

    def _reply_4(self, data: bytes, event: SocksEvent) -> bool:
        if event.request_p is None or len(data) < 8:
            return False
        event.status = _V4_STATUS.get(data[1], f"unknown-{data[1]}")
        event.bound_host, event.bound_p = inet_ntoa(data[4:8]), data[2] << 8 | data[3]
        self._through(8, data[1] == 0x5A)
        return True

    def _reply_5(self, data: bytes, event: SocksEvent) -> bool:
        if data[0] != 5:
            raise ValueError(data[0])
        event.status = _v5_status(data[1])
        event.bound_host, event.bound_name, event.bound_p, end = _address(data, 3)
        self._through(end, data[1] == 0)
        return True

    def _through(self, end: int, succeeded: bool) -> None:
        self._take(False, end)
        ts = self._event.ts if self._event is not None else 0.0
        self._conclude()
        self.done = True
        if succeeded:
            emit_tunnel(self.flow, self.emit, ts, "Tunnel::SOCKS")
            self.unread = [(True, self._pending[True]), (False, self._pending[False])]
            self.successor = Analyzer

    def _conclude(self) -> None:
        if self._event is not None:
            self.emit(self._event)
            self._event = None

    def finish(self, ts: float) -> None:
        """Tell the request as far as it came."""
        self._conclude()
        self.done = True
