"""SNMP v1, v2c, v3 (RFC 1157, RFC 3416, RFC 3412): one event a flow, as Zeek's."""

from __future__ import annotations

from typing import Final

from sentinel.event.snmp import Snmp
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["SnmpAnalyzer"]

_INTEGER, _OCTETS, _SEQUENCE, _TICKS = 0x02, 0x04, 0x30, 0x43
_GET, _GET_NEXT, _RESPONSE, _SET, _TRAP_V1, _GET_BULK = 0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5
_LAST_PDU: Final = 0xA8
_VERSIONS: Final = {0: "1", 1: "2c", 3: "3"}
_SYS_DESCR: Final = b"\x2b\x06\x01\x02\x01\x01\x01\x00"
_SYS_UP_TIME: Final = b"\x2b\x06\x01\x02\x01\x01\x03\x00"
_MAX_BINDINGS: Final = 1024

Field = tuple[int, int, int]
"""Tag, and where its value begins and ends."""


class _Malformed(Exception):
    """Not the BER that SNMP asks for."""


class SnmpAnalyzer(Analyzer):
    """Counts the variables asked and told; written when the flow ends."""

    __slots__ = ("_record",)

    service = "snmp"
    transports = frozenset({"udp"})
    ports = frozenset({161, 162})
    first_bytes = frozenset({0x30})
    whole = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._record: Snmp | None = None

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A sequence as long as the datagram that begins with a version, and what that version has next."""
        try:
            tag, start, end = _field(data, 0, len(data))
            if tag != _SEQUENCE or end != len(data):
                return False
            version, position = _integer(data, start, end)
            tag, start, after = _field(data, position, end)
            if version == 3:
                return tag == _SEQUENCE
            return version in _VERSIONS and tag == _OCTETS and _GET <= data[after] <= _LAST_PDU
        except (_Malformed, IndexError):
            return False

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Take one datagram."""
        try:
            self._message(data, ts)
        except (_Malformed, IndexError):
            self.flow.weird("SNMP_malformed", ts, source="SNMP")

    def finish(self, ts: float) -> None:
        """Write the flow's account."""
        if self._record is not None:
            self.emit(self._record)
            self._record = None

    def _message(self, data: bytes, ts: float) -> None:
        tag, position, end = _field(data, 0, len(data))
        if tag != _SEQUENCE:
            raise _Malformed
        version, position = _integer(data, position, end)
        tag, start, after = _field(data, position, end)
        record = self._seen(_VERSIONS.get(version, "unknown"), ts)
        if version == 3:
            if record.community is None:
                record.community = _user(data, after, end)
            position = _scoped_pdu(data, after, end)
            if position < 0:
                return
        else:
            if record.community is None and tag == _OCTETS:
                record.community = _text(data[start:after])
            position = after
        kind, start, stop = _field(data, position, end)
        if kind == _TRAP_V1:
            return
        for _ in range(3):  # request id, error status, error index (or GetBulk's two numbers)
            _, start = _integer(data, start, stop)
        self._bindings(record, kind, data, start, stop, ts)

    def _seen(self, version: str, ts: float) -> Snmp:
        record = self._record
        if record is None:
            flow = self.flow
            record = self._record = Snmp(
                ts=ts,
                uid=flow.uid,
                orig_h=flow.orig_h,
                orig_p=flow.orig_p,
                resp_h=flow.resp_h,
                resp_p=flow.resp_p,
                duration=0.0,
                version=version,
                get_requests=0,
                get_bulk_requests=0,
                get_responses=0,
                set_requests=0,
            )
        record.duration = round(ts - record.ts, 6)
        return record

    def _bindings(self, record: Snmp, kind: int, data: bytes, position: int, end: int, ts: float) -> None:
        """Variable bindings (RFC 3416 §3): count them, and read what the responder says of itself."""
        _, position, end = _field(data, position, end)
        count = 0
        while position < end and count < _MAX_BINDINGS:
            _, start, after = _field(data, position, end)
            count += 1
            position = after
            if kind == _RESPONSE:
                _, name, stop = _field(data, start, after)
                self._learn(record, data[name:stop], data, _field(data, stop, after), ts)
        if kind in (_GET, _GET_NEXT):
            record.get_requests += count
        elif kind == _GET_BULK:
            record.get_bulk_requests += count
        elif kind == _RESPONSE:
            record.get_responses += count
        elif kind == _SET:
            record.set_requests += count

    def _learn(self, record: Snmp, name: bytes, data: bytes, value: Field, ts: float) -> None:
        tag, start, end = value
        if name == _SYS_DESCR and tag == _OCTETS:
            record.display_string = _text(data[start:end])
        elif name == _SYS_UP_TIME and tag == _TICKS:
            record.up_since = round(ts - int.from_bytes(data[start : min(end, start + 8)], "big") / 100, 6)


def _field(data: bytes, position: int, limit: int) -> Field:
    """A BER field (X.690 §8.1) of definite length that lies before `limit`."""
    tag, length = data[position], data[position + 1]
    start = position + 2
    if length >= 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4:
            raise _Malformed
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    if start + length > limit:
        raise _Malformed
    return tag, start, start + length


def _integer(data: bytes, position: int, limit: int) -> tuple[int, int]:
    """An integer, and where it ends."""
    tag, start, end = _field(data, position, limit)
    if tag != _INTEGER or not 1 <= end - start <= 5:
        raise _Malformed
    return int.from_bytes(data[start:end], "big", signed=True), end


def _scoped_pdu(data: bytes, position: int, end: int) -> int:
    """Where the PDU of a v3 message is behind its header; -1 where it is encrypted."""
    _, _, position = _field(data, position, end)  # security parameters
    tag, position, end = _field(data, position, end)
    if tag == _OCTETS:
        return -1
    for _ in range(2):  # context engine and name
        _, _, position = _field(data, position, end)
    return position


def _user(data: bytes, position: int, end: int) -> str | None:
    """The user of a v3 message by its security parameters (RFC 3414 §2.4); None where it names none."""
    _, position, end = _field(data, position, end)
    try:
        _, position, end = _field(data, position, end)
        for _ in range(3):  # engine, its boots, its time
            _, _, position = _field(data, position, end)
        tag, start, after = _field(data, position, end)
    except (_Malformed, IndexError):
        return None  # another security model has another form here
    return _text(data[start:after]) or None if tag == _OCTETS else None


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
