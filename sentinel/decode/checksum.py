"""The Internet checksum (RFC 1071)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from sentinel.decode.compiled import part
from sentinel.decode.load import load8, load16, load32

__all__ = ["add_words", "is_wrong", "verify_transport"]

_TCP: Final = 6
_UDP: Final = 17
_ICMP: Final = 1
_ICMP6: Final = 58
_LOW: Final = np.uint64(0xFFFFFFFF)
_HALF: Final = np.uint64(32)


@part
def add_words(data: int, position: int, end: int, total: int) -> int:
    """Add the 16-bit words of `[position, end)` to `total`; an odd last byte counts as if 0 followed."""
    while end - position >= 4:
        total += load32(data, position)
        position += 4
    if end - position >= 2:
        total += load16(data, position)
        position += 2
    if end > position:
        total += load8(data, position) << 8
    return total


@part
def is_wrong(total: int) -> bool:
    """Does a sum over data and its checksum show an error?"""
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total != 0xFFFF


@part
def _add_half(value: Any) -> int:
    """A 64-bit half of an address as two summands."""
    return int(np.int64(value >> _HALF) + np.int64(value & _LOW))


@part
def verify_transport(row: Any, data: int, position: int, end: int, wire: int, protocol: int) -> None:
    """Set `bad_checksum` where a whole TCP, UDP, ICMP or ICMPv6 segment sums up wrong."""
    if end < wire:
        return
    total = 0
    if protocol == _UDP:
        if row.ip_version == 4 and load16(data, position + 6) == 0:
            return  # RFC 768: the sender made none
        length = load16(data, position + 4)
        if length >= 8:
            end = min(end, position + length)
    elif protocol != _TCP and protocol != _ICMP6 and protocol != _ICMP:
        return
    if protocol != _ICMP:
        source = row.src_lo
        target = row.dst_lo
        if row.ip_version == 4:
            total = int(np.int64(source & _LOW) + np.int64(target & _LOW))
        else:
            total = _add_half(source) + _add_half(target)
            total += _add_half(row.src_hi) + _add_half(row.dst_hi)
        total += protocol + end - position
    if is_wrong(add_words(data, position, end, total)):
        row.bad_checksum = 1
