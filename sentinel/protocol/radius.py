"""RADIUS (RFC 2865) over UDP: log-ins and their verdicts. Accounting is recognised but not told."""

from __future__ import annotations

from socket import inet_ntoa
from typing import ClassVar, Final

from sentinel.event.radius import Radius as RadiusEvent
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.lines import printable
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["Radius"]

MAX_OPEN: Final = 256

_REQUEST, _ACCEPT, _REJECT, _CHALLENGE = 1, 2, 3, 11
_FROM_CLIENT: Final = frozenset({1, 4, 12, 40, 43})
_FROM_SERVER: Final = frozenset({2, 3, 5, 11, 41, 42, 44, 45})
_HEAD: Final = 20

_USER_NAME, _FRAMED_ADDRESS, _REPLY_MESSAGE, _STATE = 1, 8, 18, 24
_CALLING_STATION, _TUNNEL_CLIENT, _CONNECT_INFO = 31, 66, 77


def _attributes(data: bytes) -> dict[int, bytes] | None:
    """The first of each type; None where they do not fill the packet."""
    found: dict[int, bytes] = {}
    at, size = _HEAD, int.from_bytes(data[2:4], "big")
    while at < size:
        length = data[at + 1] if at + 1 < size else 0
        if length < 2 or at + length > size:
            return None
        found.setdefault(data[at], data[at + 2 : at + length])
        at += length
    return found


def _mac(value: bytes) -> str | None:
    """`AA-BB-CC-DD-EE-FF`, `aabb.ccdd.eeff` and their like, as everywhere else."""
    digits = value[:17].translate(None, b":-.").lower()
    if len(digits) != 12 or digits.strip(b"0123456789abcdef"):
        return None
    text = digits.decode("ascii")
    return ":".join(text[at : at + 2] for at in range(0, 12, 2))


class Radius(Analyzer):
    """One flow from a network access server; it has many log-ins at once."""

    __slots__ = ("_by_number", "_by_state")

    service: ClassVar[str] = "radius"
    transports: ClassVar[frozenset[str]] = frozenset({"udp"})
    ports: ClassVar[frozenset[int]] = frozenset({1645, 1646, 1812, 1813, 3799})
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._by_number: dict[int, RadiusEvent] = {}
        self._by_state: dict[bytes, RadiusEvent] = {}
        """Log-ins whose challenge is to be answered."""

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A code of this direction, a length that fits, and attributes that fill it."""
        if data[:1] == b"" or data[0] not in (_FROM_CLIENT if is_orig else _FROM_SERVER) or len(data) < _HEAD:
            return False
        length = data[2] << 8 | data[3]
        if length != len(data) or (is_orig and length == _HEAD):
            return False
        return _attributes(data) is not None

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Take one datagram."""
        if len(data) < _HEAD or not _HEAD <= data[2] << 8 | data[3] <= len(data):
            self.flow.weird("RADIUS_truncated", ts, None, "RADIUS")
            return
        attributes = _attributes(data)
        if attributes is None:
            self.flow.weird("RADIUS_bad_attributes", ts, None, "RADIUS")
            return
        code, number = data[0], data[1]
        if code == _REQUEST:
            self._on_request(number, attributes, ts)
        elif code in (_ACCEPT, _REJECT, _CHALLENGE):
            self._on_answer(code, number, attributes, ts)

    def _on_request(self, number: int, attributes: dict[int, bytes], ts: float) -> None:
        event = self._by_state.pop(attributes.get(_STATE, b""), None) or self._by_number.get(number)
        name = printable(attributes.get(_USER_NAME, b""))
        if event is not None and event.username not in (None, name):
            self._tell(self._by_number.pop(number, None), "unknown")
            event = None
        if event is None:
            event = RadiusEvent(ts=ts, **self.whose, result="unknown")
        self._by_number[number] = event
        event.username = event.username or name or None
        if _CALLING_STATION in attributes:
            event.mac = event.mac or _mac(attributes[_CALLING_STATION])
        if _TUNNEL_CLIENT in attributes:
            event.tunnel_client = printable(attributes[_TUNNEL_CLIENT].lstrip(b"\x00"))
        if _CONNECT_INFO in attributes:
            event.connect_info = printable(attributes[_CONNECT_INFO])

    def _on_answer(self, code: int, number: int, attributes: dict[int, bytes], ts: float) -> None:
        event = self._by_number.pop(number, None)
        if event is None:
            event = RadiusEvent(ts=ts, **self.whose, result="unknown")
        if len(attributes.get(_FRAMED_ADDRESS, b"")) == 4:
            event.framed_addr = inet_ntoa(attributes[_FRAMED_ADDRESS])
        if _REPLY_MESSAGE in attributes:
            event.reply_msg = printable(attributes[_REPLY_MESSAGE])
        if code == _CHALLENGE:
            self._by_state[attributes.get(_STATE, b"")] = event
            if len(self._by_state) > MAX_OPEN:
                self._tell(self._by_state.pop(next(iter(self._by_state))), "unknown")
            return
        if ts > event.ts:
            event.ttl = ts - event.ts
        self._tell(event, "success" if code == _ACCEPT else "failed")

    def _tell(self, event: RadiusEvent | None, result: str) -> None:
        if event is not None:
            event.result = result
            self.emit(event)

    def finish(self, ts: float) -> None:
        """Tell the log-ins that had no verdict."""
        for event in (*self._by_number.values(), *self._by_state.values()):
            self._tell(event, "unknown")
        self._by_number.clear()
        self._by_state.clear()
        self.done = True
