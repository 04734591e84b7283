"""DER (X.690) read with a forgiving eye: just enough for certificates and names.

Whatever is out of bounds ends the walk; nothing here raises but `DerError`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

__all__ = ["DerError", "Node", "children", "integer", "oid", "read", "tagged", "text", "timestamp"]

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
OID: Final = 0x06
ENUMERATED: Final = 0x0A
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31

MAX_CHILDREN: Final = 4096

Node = tuple[int, int, int, int]
"""(tag, where the element begins, where its content begins, where it ends)."""


class DerError(ValueError):
    """These bytes are no element."""


def read(data: bytes, at: int, end: int) -> Node:
    """The element that begins at `at` and lies before `end`."""
    if at + 2 > end:
        raise DerError("no room for an element")
    length = data[at + 1]
    begin = at + 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4 or begin + size > end:
            raise DerError("bad length")
        length = int.from_bytes(data[begin : begin + size], "big")
        begin += size
    if begin + length > end:
        raise DerError("element longer than its frame")
    return data[at], at, begin, begin + length


def children(data: bytes, node: Node) -> Iterator[Node]:
    """Elements inside `node`, as far as they can be read."""
    at, end = node[2], node[3]
    for _ in range(MAX_CHILDREN):
        if at >= end:
            return
        try:
            child = read(data, at, end)
        except DerError:
            return
        yield child
        at = child[3]


def tagged(data: bytes, node: Node) -> dict[int, Node]:
    """Explicitly tagged members (`[0]` … `[30]`) of `node`: the element inside each, by its number."""
    found: dict[int, Node] = {}
    for tag, _, begin, end in children(data, node):
        if tag & 0xE0 == 0xA0:
            try:
                found.setdefault(tag & 0x1F, read(data, begin, end))
            except DerError:
                continue
    return found


def integer(data: bytes, node: Node | None) -> int | None:
    """An INTEGER or ENUMERATED of at most 8 bytes, or None."""
    if node is None or node[0] not in (INTEGER, ENUMERATED) or not 0 < node[3] - node[2] <= 8:
        return None
    return int.from_bytes(data[node[2] : node[3]], "big", signed=True)


@lru_cache(maxsize=1024)
def oid(content: bytes) -> str:
    """Dotted form of an object identifier's content."""
    arcs: list[int] = []
    value = 0
    for byte in content[:64]:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    if not arcs:
        return ""
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))


def text(tag: int, content: bytes) -> str | None:
    """A string of any of ASN.1's kinds; None where it is none."""
    if tag == 0x1E:  # BMPString
        return content.decode("utf-16-be", "replace")
    if tag == 0x1C:  # UniversalString
        return content.decode("utf-32-be", "replace")
    if tag == 0x0C:  # UTF8String
        return content.decode("utf-8", "replace")
    if tag in (0x12, 0x13, 0x14, 0x16, 0x19, 0x1A, 0x1B):
        return content.decode("latin-1")
    return None


def timestamp(tag: int, content: bytes) -> float | None:
    """Seconds since 1970 UTC of a UTCTime or GeneralizedTime (RFC 5280 section 4.1.2.5), or None."""
    digits = content.rstrip(b"Z")
    offset = 0
    for sign in (b"+", b"-"):
        if sign in digits:
            digits, _, zone = digits.partition(sign)
            if len(zone) == 4 and zone.isdigit():
                offset = (int(zone[:2]) * 3600 + int(zone[2:]) * 60) * (-1 if sign == b"-" else 1)
    digits = digits.partition(b".")[0]
    if tag == UTC_TIME:
        if len(digits) not in (10, 12) or not digits.isdigit():
            return None
        digits = (b"19" if digits[:2] >= b"50" else b"20") + digits
    elif tag != GENERALIZED_TIME:
        return None
    if len(digits) not in (12, 14) or not digits.isdigit():
        return None
    fields = [int(digits[:4]), *(int(digits[at : at + 2]) for at in range(4, len(digits), 2))]
    try:
        return datetime(*fields, tzinfo=UTC).timestamp() - offset  # type: ignore[misc,arg-type]
    except ValueError:
        return None
