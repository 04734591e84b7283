"""MongoDB's wire protocol: log-ins. Commands are not told.

https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/, BSON: https://bsonspec.org/spec.html.
"""

from __future__ import annotations

from base64 import b64encode
from typing import ClassVar, Final

from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.lines import printable
from sentinel.protocol.login import login
from sentinel.protocol.messages import BROKEN, MORE, Messages
from sentinel.protocol.sasl import SaslUser
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["Mongodb"]

MAX_KEPT: Final = 4096
MAX_LENGTH: Final = 48_000_000
"""Of a message: the server's own limit."""
MAX_ELEMENTS: Final = 64
MAX_MESSAGES: Final = 256
"""Before a log-in: then there is none to come."""

_HEAD: Final = 16
_REPLY, _QUERY, _MESSAGE = 1, 2004, 2013
_CODES: Final = frozenset({_REPLY, 2001, 2002, _QUERY, 2005, 2006, 2007, 2010, 2011, 2012, _MESSAGE})
_SIZES: Final = {0x01: 8, 0x07: 12, 0x08: 1, 0x09: 8, 0x0A: 0, 0x10: 4, 0x11: 8, 0x12: 8, 0x13: 16}

_Document = dict[bytes, bytes]


def _measure(data: bytes, at: int) -> int:
    if at + _HEAD > len(data):
        return MORE
    length = int.from_bytes(data[at : at + 4], "little")
    code = int.from_bytes(data[at + 12 : at + 16], "little")
    return length if _HEAD < length <= MAX_LENGTH and code in _CODES else BROKEN


def _document(data: bytes, at: int) -> _Document:
    """Raw values of a BSON document's elements, in order; as far as they can be read."""
    found: _Document = {}
    end = min(len(data), at + int.from_bytes(data[at : at + 4], "little"))
    at += 4
    while at < end and data[at] and len(found) < MAX_ELEMENTS:
        kind = data[at]
        stop = data.find(b"\x00", at + 1, end)
        if stop < 0:
            break
        name, at = data[at + 1 : stop], stop + 1
        size = _SIZES.get(kind, -1)
        if size < 0:
            inner = int.from_bytes(data[at : at + 4], "little")
            if kind in (0x02, 0x0D):
                found[name] = data[at + 4 : at + 3 + inner]
                size = 4 + inner
            elif kind == 0x05:
                found[name] = data[at + 5 : at + 5 + inner]
                size = 5 + inner
            elif kind in (0x03, 0x04):
                found[name] = b""
                size = inner
            else:
                break
        else:
            found[name] = data[at : at + size]
        at += size
    return found


def _body(message: bytes) -> _Document:
    """The document of a command or of its answer."""
    code = int.from_bytes(message[12:16], "little")
    if code == _MESSAGE:
        return _document(message, 21) if message[20:21] == b"\x00" else {}
    if code == _QUERY:
        end = message.find(b"\x00", 20)
        return _document(message, end + 9) if end >= 0 else {}
    return _document(message, 36) if code == _REPLY else {}


def _is_true(value: bytes) -> bool:
    """A BSON number or truth value that is not zero."""
    return any(value)


class Mongodb(Analyzer):
    """One connection to a server, until someone is in."""

    __slots__ = ("_messages", "_sasl", "_seen")

    service: ClassVar[str] = "mongodb"
    ports: ClassVar[frozenset[int]] = frozenset({27017, 27018, 27019})
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._messages = (Messages(_measure, MAX_KEPT), Messages(_measure, MAX_KEPT))
        self._sasl: SaslUser | None = None
        self._seen = 0

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A query or message whose document fits in its length."""
        if len(data) < _HEAD:
            return None if len(data) < 4 or data[3] == 0 else False
        length = int.from_bytes(data[:4], "little")
        code = int.from_bytes(data[12:16], "little")
        if (
            not 26 <= length <= MAX_LENGTH
            or code not in (_QUERY, _MESSAGE)
            or (is_orig and any(data[8:12]) and code == _MESSAGE)
        ):
            return False
        if code == _MESSAGE:
            if len(data) < 25:
                return None
            return data[20] < 2 and int.from_bytes(data[21:25], "little") <= length - 21
        name, ended, _ = data[20:160].partition(b"\x00")
        return (b"." in name and name.isascii()) if ended else None if len(data) < 160 else False

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        messages = self._messages[is_orig]
        messages.push(data)
        while not self.done and (message := messages.pop()) is not None:
            self._seen += 1
            if is_orig:
                self._asked(_body(message))
            elif self._sasl is not None:
                self._answered(_body(message), ts)
        if messages.broken or self._seen > MAX_MESSAGES:
            self.done = True

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """A hole in what is skipped does no harm."""
        self.done = self.done or not self._messages[is_orig].lost(length)

    def _asked(self, command: _Document) -> None:
        name = next(iter(command), b"").lower()
        if name == b"saslstart":
            self._sasl = SaslUser(command.get(b"mechanism", b""))
            self._sasl.answer(b64encode(command.get(b"payload", b"")[:512]))

    def _answered(self, answer: _Document, ts: float) -> None:
        sasl = self._sasl
        if sasl is None or b"ok" not in answer:
            return
        accepted = _is_true(answer[b"ok"])
        if accepted and not _is_true(answer.get(b"done", b"")):
            return  # a step of several
        message = printable(answer.get(b"errmsg", b"")[:256])
        self.emit(login(self.flow, ts, "mongodb", sasl.name, accepted, sasl.mechanism, message))
        self._sasl = None
        self.done = accepted
