"""BER written by hand, for tests."""

from __future__ import annotations


def tlv(tag: int, *parts: bytes) -> bytes:
    """One element around `parts`."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        length = bytes([size])
    else:
        digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
        length = bytes([0x80 | len(digits)]) + digits
    return bytes([tag]) + length + content


def number(value: int, tag: int = 2) -> bytes:
    """An INTEGER, or another element that holds one."""
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE."""
    return tlv(0x30, *parts)


def member(place: int, content: bytes) -> bytes:
    """An explicitly tagged member."""
    return tlv(0xA0 | place, content)
