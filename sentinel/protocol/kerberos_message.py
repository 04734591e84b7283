"""Kerberos messages (RFC 4120 section 5) read without keys: names, times, options, how tickets are encrypted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sentinel.protocol import der

__all__ = [
    "AP_REQ",
    "AS_REP",
    "AS_REQ",
    "ERROR",
    "TGS_REP",
    "TGS_REQ",
    "TYPES",
    "Message",
    "begins_message",
    "read_message",
]

AS_REQ: Final = 10
AS_REP: Final = 11
TGS_REQ: Final = 12
TGS_REP: Final = 13
AP_REQ: Final = 14
AP_REP: Final = 15
ERROR: Final = 30

TYPES: Final = frozenset({AS_REQ, AS_REP, TGS_REQ, TGS_REP, AP_REQ, AP_REP, 20, 21, 22, ERROR})
"""Application tags of messages."""
_APPLICATION: Final = 0x60
_FORWARDABLE: Final = 0x4000_0000
_RENEWABLE: Final = 0x0080_0000
_MAX_TEXT: Final = 512


@dataclass(slots=True)
class Message:
    """What one message tells; None for what it does not carry."""

    type: int
    client_name: str | None = None
    client_realm: str | None = None
    service: str | None = None
    realm: str | None = None
    cipher: int | None = None
    """How the ticket is encrypted."""
    valid_from: float | None = None
    till: float | None = None
    forwardable: bool | None = None
    renewable: bool | None = None
    error_code: int | None = None
    error_text: str | None = None


def begins_message(data: bytes) -> bool:
    """An application tag of one of Kerberos' types around a sequence with version 5 (in `[0]` or `[1]`)."""
    if len(data) < 10 or data[0] & 0xE0 != _APPLICATION or data[0] & 0x1F not in TYPES:
        return False
    try:
        outer = der.read(data, 0, 1 << 30)
        inner = der.read(data, outer[2], 1 << 30)
    except der.DerError:
        return False
    return inner[0] == der.SEQUENCE and data[inner[2] : inner[2] + 5] in (
        b"\xa0\x03\x02\x01\x05",
        b"\xa1\x03\x02\x01\x05",
    )


def read_message(data: bytes) -> Message | None:
    """Read one message; None where it is none, or one that tells nothing."""
    try:
        outer = der.read(data, 0, len(data))
        sequence = der.read(data, outer[2], outer[3])
    except der.DerError:
        return None
    if outer[0] & 0xE0 != _APPLICATION or sequence[0] != der.SEQUENCE:
        return None
    kind = outer[0] & 0x1F
    fields = der.tagged(data, sequence)
    if kind in (AS_REQ, TGS_REQ):
        return _request(kind, data, fields)
    if kind in (AS_REP, TGS_REP):
        found = Message(kind, _name(data, fields.get(4)), _text(data, fields.get(3)))
        _read_ticket(found, data, fields.get(5))
        return found
    if kind == AP_REQ:
        found = Message(kind)
        _read_ticket(found, data, fields.get(3))
        return found
    if kind == ERROR:
        return Message(
            kind,
            _name(data, fields.get(8)),
            _text(data, fields.get(7)),
            _name(data, fields.get(10)),
            _text(data, fields.get(9)),
            error_code=der.integer(data, fields.get(6)),
            error_text=_text(data, fields.get(11)),
        )
    return None


def _request(kind: int, data: bytes, fields: dict[int, der.Node]) -> Message | None:
    body = fields.get(4)
    if body is None:
        return None
    fields = der.tagged(data, body)
    found = Message(
        kind,
        _name(data, fields.get(1)),
        None,
        _name(data, fields.get(3)),
        _text(data, fields.get(2)),
        valid_from=_time(data, fields.get(4)),
        till=_time(data, fields.get(5)),
    )
    options = fields.get(0)
    if options is not None and options[0] == der.BIT_STRING and options[3] - options[2] >= 5:
        bits = int.from_bytes(data[options[2] + 1 : options[2] + 5], "big")
        found.forwardable, found.renewable = bool(bits & _FORWARDABLE), bool(bits & _RENEWABLE)
    return found


def _read_ticket(found: Message, data: bytes, ticket: der.Node | None) -> None:
    if ticket is None or ticket[0] != _APPLICATION | 1:
        return
    try:
        fields = der.tagged(data, der.read(data, ticket[2], ticket[3]))
    except der.DerError:
        return
    found.service = _name(data, fields.get(2))
    found.realm = _text(data, fields.get(1))
    if 3 in fields:
        found.cipher = der.integer(data, der.tagged(data, fields[3]).get(0))


def _name(data: bytes, principal: der.Node | None) -> str | None:
    """The parts of a principal's name, with `/` between them."""
    if principal is None:
        return None
    parts = der.tagged(data, principal).get(1)
    if parts is None:
        return None
    texts = [data[begin:end] for _, _, begin, end in der.children(data, parts)]
    return b"/".join(texts)[:_MAX_TEXT].decode("utf-8", "backslashreplace")


def _text(data: bytes, node: der.Node | None) -> str | None:
    if node is None:
        return None
    return data[node[2] : min(node[3], node[2] + _MAX_TEXT)].decode("utf-8", "backslashreplace")


def _time(data: bytes, node: der.Node | None) -> float | None:
    return None if node is None else der.timestamp(node[0], data[node[2] : node[3]])
