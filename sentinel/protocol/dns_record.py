"""Names and resource records in a DNS message (RFC 1035 §4.1), as text in Zeek's way."""

from __future__ import annotations

from collections.abc import Callable
from socket import AF_INET6, inet_ntoa, inet_ntop
from struct import Struct
from typing import Final

__all__ = ["AAAA", "NAMED", "A", "DnsFault", "netbios_name", "read_name", "record_text", "skip_name", "text"]

A: Final = 1
AAAA: Final = 28
NAMED: Final = frozenset({2, 5, 12, 39})
"""NS, CNAME, PTR, DNAME: types whose data is one name."""

_MAX_LABELS: Final = 128
_MAX_HOPS: Final = 64
_MAX_NAME: Final = 512
_SHORT = Struct(">H").unpack_from


class DnsFault(Exception):
    """A message breaks the format; the argument is the name of the `weird` event."""


def text(data: bytes) -> str:
    r"""Bytes of a name or text: UTF-8 where they are (mDNS), `\xNN` where they are not."""
    return data.decode("utf-8", "backslashreplace")


def read_name(data: bytes, position: int) -> tuple[str, int]:
    """The name at `position`, in lower case without its last dot, and where it ends.

    Compression pointers (RFC 1035 §4.1.4) must each lead further back than the last, so none can loop.
    """
    labels = []
    after = 0
    hops = 0
    start = position
    while length := data[position]:
        if length < 64:
            position += 1
            labels.append(data[position : position + length])
            position += length
            if len(labels) > _MAX_LABELS:
                raise DnsFault("DNS_NAME_too_long")
        elif length >= 0xC0:
            target = (length & 0x3F) << 8 | data[position + 1]
            if target >= start:
                raise DnsFault("DNS_label_forward_compress_offset")
            hops += 1
            if hops > _MAX_HOPS:
                raise DnsFault("DNS_NAME_too_long")
            after = after or position + 2
            start = position = target
        else:
            raise DnsFault("DNS_label_too_long")
    name = b".".join(labels).lower()
    if len(name) > _MAX_NAME:
        raise DnsFault("DNS_NAME_too_long")
    return name.decode("utf-8", "backslashreplace"), after or position + 1


def skip_name(data: bytes, position: int) -> int:
    """Where the name at `position` ends."""
    while length := data[position]:
        if length >= 0xC0:
            return position + 2
        if length > 63:
            raise DnsFault("DNS_label_too_long")
        position += length + 1
    return position + 1


def netbios_name(encoded: str) -> str:
    """A first-level encoded NetBIOS name (RFC 1001 §14.1) without padding and type; others as they are."""
    letters = encoded.partition(".")[0].upper()
    if len(letters) != 32 or letters.strip("ABCDEFGHIJKLMNOP"):
        return encoded
    name = bytes(
        (ord(high) - 65) << 4 | (ord(low) - 65) for high, low in zip(letters[::2], letters[1::2], strict=True)
    )
    return text(name[:15].rstrip(b" \0"))


def record_text(data: bytes, kind: int, position: int, length: int, owner: int) -> str:
    """The record's data (`length` bytes at `position`) as Zeek's `answers` have it; may be empty.

    `owner` is where the record's own name starts.
    """
    if kind == A:
        if length != 4:
            raise DnsFault("DNS_RR_bad_length")
        return inet_ntoa(data[position : position + 4])
    if kind == AAAA:
        if length != 16:
            raise DnsFault("DNS_RR_bad_length")
        return inet_ntop(AF_INET6, data[position : position + 16])
    if kind in NAMED:
        return read_name(data, position)[0]
    form = _FORMS.get(kind)
    if form is None:
        return f"<unknown type={kind}>"
    return form(data, position, length, owner)


def _strings(data: bytes, position: int, end: int) -> list[bytes]:
    """Character strings (RFC 1035 §3.3) up to `end`."""
    strings = []
    while position < end:
        after = position + 1 + data[position]
        if after > end:
            raise DnsFault("DNS_TXT_char_str_past_rdlen")
        strings.append(data[position + 1 : after])
        position = after
    return strings


def _texts(word: str) -> Callable[[bytes, int, int, int], str]:
    def form(data: bytes, position: int, length: int, owner: int) -> str:
        strings = _strings(data, position, position + length)
        return " ".join(f"{word} {len(string)} {text(string)}" for string in strings)

    return form


def _a6(data: bytes, position: int, length: int, owner: int) -> str:
    if length < 16:
        raise DnsFault("DNS_A6_neg_length")
    return inet_ntop(AF_INET6, data[position : position + 16])


def _first_name(data: bytes, position: int, length: int, owner: int) -> str:
    return read_name(data, position)[0]


def _name_after(skipped: int) -> Callable[[bytes, int, int, int], str]:
    def form(data: bytes, position: int, length: int, owner: int) -> str:
        if length <= skipped:
            raise DnsFault("DNS_RR_length_mismatch")
        return read_name(data, position + skipped)[0]

    return form


def _nothing(data: bytes, position: int, length: int, owner: int) -> str:
    return ""


def _hinfo(data: bytes, position: int, length: int, owner: int) -> str:
    return " ".join(["HINFO", *map(text, _strings(data, position, position + length))])


def _naptr(data: bytes, position: int, length: int, owner: int) -> str:
    order, preference = _SHORT(data, position)[0], _SHORT(data, position + 2)[0]
    parts = []
    place = position + 4
    for _ in range(3):
        after = place + 1 + data[place]
        parts.append(text(data[place + 1 : after]))
        place = after
    flags, service, expression = parts
    rest = " ".join(part for part in (expression, read_name(data, place)[0]) if part)
    return f"NAPTR {order} {preference} {flags} {service} {rest}"


def _caa(data: bytes, position: int, length: int, owner: int) -> str:
    flags, size = data[position], data[position + 1]
    if size + 2 > length:
        raise DnsFault("DNS_CAA_char_str_past_rdlen")
    value = position + 2 + size
    return f"CAA {flags} {text(data[position + 2 : value])} {text(data[value : position + length])}"


def _service(word: str) -> Callable[[bytes, int, int, int], str]:
    """SVCB and HTTPS (RFC 9460): priority, target, and the protocols (ALPN) it names."""

    def form(data: bytes, position: int, length: int, owner: int) -> str:
        target, place = read_name(data, position + 2)
        said = f"{word} {_SHORT(data, position)[0]} {target or '.'}"
        end = position + length
        while place + 4 <= end:
            key, size = _SHORT(data, place)[0], _SHORT(data, place + 2)[0]
            place += 4
            if key == 1 and place + size <= end:
                said += " alpn=" + ",".join(map(text, _strings(data, place, place + size)))
            place += size
        return said

    return form


def _rrsig(data: bytes, position: int, length: int, owner: int) -> str:
    signer = read_name(data, position + 18)[0]
    return f"RRSIG {_SHORT(data, position)[0]} {signer or '<Root>'}"


def _nsec(data: bytes, position: int, length: int, owner: int) -> str:
    return f"NSEC {read_name(data, owner)[0]} {read_name(data, position)[0]}"


def _constant(word: str) -> Callable[[bytes, int, int, int], str]:
    def form(data: bytes, position: int, length: int, owner: int) -> str:
        return word

    return form


def _dnskey(data: bytes, position: int, length: int, owner: int) -> str:
    return f"DNSKEY {data[position + 3]}"


def _ds(data: bytes, position: int, length: int, owner: int) -> str:
    return f"DS {data[position + 2]} {data[position + 3]}"


def _sshfp(data: bytes, position: int, length: int, owner: int) -> str:
    return f"SSHFP: {data[position + 2 : position + length].hex()}"


def _loc(data: bytes, position: int, length: int, owner: int) -> str:
    return f"LOC:  {data[position + 1]} {data[position + 2]} {data[position + 3]}"


_FORMS: Final[dict[int, Callable[[bytes, int, int, int], str]]] = {
    6: _first_name,
    11: _nothing,
    13: _hinfo,
    15: _name_after(2),
    16: _texts("TXT"),
    29: _loc,
    33: _name_after(6),
    35: _naptr,
    38: _a6,
    41: _nothing,
    43: _ds,
    44: _sshfp,
    46: _rrsig,
    47: _nsec,
    48: _dnskey,
    50: _constant("NSEC3"),
    51: _constant("NSEC3PARAM"),
    64: _service("SVCB"),
    65: _service("HTTPS"),
    99: _texts("SPF"),
    250: _nothing,
    257: _caa,
    65534: _constant("BIND9 signing signal"),
}
"""How the data of each type is written: `form(message, position, length, owner)`."""
