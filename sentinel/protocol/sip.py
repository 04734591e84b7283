"""SIP (RFC 3261) over UDP and TCP: who calls or registers, and what the server says."""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from sentinel.event.sip import Sip as SipEvent
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.lines import printable
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["Sip"]

MAX_HEAD: Final = 16_384
MAX_HEADERS: Final = 128
MAX_PATH: Final = 16
MAX_TEXT: Final = 1024
MAX_METHOD: Final = 32

_VERSION: Final = b"SIP/2.0"
_METHODS: Final = frozenset(
    b"REGISTER INVITE ACK CANCEL BYE OPTIONS NOTIFY SUBSCRIBE PUBLISH MESSAGE INFO REFER UPDATE PRACK".split()
)
_LETTERS: Final = frozenset(word[0] for word in (*_METHODS, _VERSION))
_COMPACT: Final = {
    b"F": b"FROM",
    b"T": b"TO",
    b"V": b"VIA",
    b"L": b"CONTENT-LENGTH",
    b"C": b"CONTENT-TYPE",
    b"S": b"SUBJECT",
    b"I": b"CALL-ID",
}
_OF_REQUEST: Final = {
    b"FROM": "request_from",
    b"TO": "request_to",
    b"CALL-ID": "call_id",
    b"CSEQ": "seq",
    b"DATE": "date",
    b"REPLY-TO": "reply_to",
    b"SUBJECT": "subject",
    b"USER-AGENT": "user_agent",
}
_OF_RESPONSE: Final = {
    b"FROM": "response_from",
    b"TO": "response_to",
    b"CONTENT-TYPE": "content_type",
    b"WARNING": "warning",
}


def _without(value: bytes, parameter: bytes) -> bytes:
    """A header without a parameter and what follows it."""
    for separator in (b";", b"; "):
        value = value.partition(separator + parameter)[0]
    return value


class Sip(Analyzer):
    """One flow between two SIP elements."""

    __slots__ = ("_current", "_pending", "_skip")

    service: ClassVar[str] = "sip"
    transports: ClassVar[frozenset[str]] = frozenset({"tcp", "udp"})
    ports: ClassVar[frozenset[int]] = frozenset({5060, 5080})
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._current: SipEvent | None = None
        self._pending = [b"", b""]
        self._skip = [0, 0]

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A first line with SIP's version at its beginning or end."""
        if data[0] not in _LETTERS:
            return False
        if data.startswith(_VERSION + b" "):
            return True
        method, space, rest = data[: MAX_METHOD + 1].partition(b" ")
        if not space:
            return (
                None
                if any(one.startswith(method) for one in _METHODS) or _VERSION.startswith(data)
                else False
            )
        if method not in _METHODS:
            return False
        uri = rest[:4].lower()
        if not (b"sip:".startswith(uri[:4]) or b"sips".startswith(uri) or b"tel:".startswith(uri)):
            return False
        line, end, _ = data[:2048].partition(b"\n")
        if not end:
            return None if transport == "tcp" and len(data) < 2048 else False
        return line.rstrip(b"\r").endswith(b" " + _VERSION)

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """A datagram is one message; a stream has them one after another by Content-Length."""
        if self.flow.proto == "udp":
            self._message(data.partition(b"\r\n\r\n")[0], ts)
            return
        skip = self._skip[is_orig]
        if skip >= len(data):
            self._skip[is_orig] = skip - len(data)
            return
        data = self._pending[is_orig] + data[skip:]
        at, size = 0, len(data)
        while not self.done:
            while data[at : at + 1] in (b"\r", b"\n"):  # keep-alives (RFC 5626 section 3.5.1)
                at += 1
            end = data.find(b"\r\n\r\n", at)
            if end < 0:
                break
            at = end + 4 + self._message(data[at:end], ts)
        self._skip[is_orig] = max(0, at - size)
        self._pending[is_orig] = data[at:]
        if size - at > MAX_HEAD:
            self.flow.weird("SIP_head_too_long", ts, None, "SIP")
            self.finish(ts)

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """A hole in a body does no harm."""
        if self._skip[is_orig] >= length:
            self._skip[is_orig] -= length
        else:
            self.finish(ts)

    def _message(self, head: bytes, ts: float) -> int:
        """Read one message's head; gives the length of its body."""
        lines = head[:MAX_HEAD].replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n", MAX_HEADERS)
        first = lines[0].split(b" ", 2)
        if len(first) == 3 and first[2].rstrip() == _VERSION:
            event = self._request(first[0], first[1], ts)
            fields, path, is_request = _OF_REQUEST, event.request_path, True
        elif first[0] == _VERSION and len(first) > 1 and first[1].isdigit() and len(first[1]) == 3:
            event = self._begin(ts)
            event.status_code = int(first[1])
            event.status_msg = printable(first[2][:MAX_TEXT]) if len(first) == 3 else ""
            fields, path, is_request = _OF_RESPONSE, event.response_path, False
        else:
            if head.strip():
                self.flow.weird("SIP_bad_first_line", ts, None, "SIP")
            return 0
        length = 0
        for line in lines[1:MAX_HEADERS]:
            name, _, value = line.partition(b":")
            name, value = name.strip().upper(), value.strip()[:MAX_TEXT]
            name = _COMPACT.get(name, name)
            if name == b"VIA":
                if path is not None and len(path) < MAX_PATH:
                    path.append(printable(_without(value, b"branch")))
            elif name == b"CONTENT-LENGTH":
                length = int(value) if value.isdigit() and len(value) < 10 else 0
                if is_request:
                    event.request_body_len = length
                else:
                    event.response_body_len = length
            elif (field := fields.get(name)) is not None:
                setattr(event, field, printable(_without(value, b"tag=") if name == b"FROM" else value))
        if not is_request:
            self._answered(event)
        return length

    def _begin(self, ts: float) -> SipEvent:
        if self._current is None:
            self._current = SipEvent(ts=ts, **self.whose, trans_depth=0, request_path=[], response_path=[])
        return self._current

    def _request(self, method: bytes, uri: bytes, ts: float) -> SipEvent:
        event = self._begin(ts)
        event.method = printable(method[:MAX_METHOD])
        event.uri = printable(uri[:MAX_TEXT])
        if method not in _METHODS:
            self.flow.weird("unknown_SIP_method", ts, event.method, "SIP")
        return event

    def _answered(self, event: SipEvent) -> None:
        """Zeek writes each response; a provisional one (1xx) leaves the request open."""
        provisional = event.status_code is not None and 100 <= event.status_code < 200
        if provisional and event.method is not None:
            kept = msgspec.structs.replace(event)
            kept.request_path = list(event.request_path or ())
            kept.response_path = list(event.response_path or ())
            self._current = kept
        else:
            self._current = None
        self.emit(event)

    def finish(self, ts: float) -> None:
        """Tell the request that had no final answer."""
        if self._current is not None:
            self.emit(self._current)
            self._current = None
        self.done = True
