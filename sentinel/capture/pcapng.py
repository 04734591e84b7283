"""pcapng files: the walk over blocks (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sentinel.capture.fault import Fault, FaultRegister
from sentinel.capture.record import (
    MAX_CAPLEN,
    MAX_TIME,
    MAX_WIRELEN,
    NANOSECONDS,
    UNKNOWN_LINKTYPE,
    Columns,
    Step,
    note,
    word,
)
from sentinel.decode.stamp import source_stamp

__all__ = ["MAX_INTERFACES", "PcapngWalker", "is_pcapng"]

MAX_INTERFACES: Final = 4096
"""Descriptions kept of one section."""
_MAX_BLOCK: Final = 1 << 20
"""Bytes of the longest block that is read; longer ones of other types are skipped."""
_MAX_SKIPPED: Final = 1 << 30
"""Bytes of the longest block that is skipped; a longer one is a damaged length."""

_SECTION: Final = 0x0A0D0D0A
_INTERFACE: Final = 1
_OLD_PACKET: Final = 2
_SIMPLE_PACKET: Final = 3
_ENHANCED_PACKET: Final = 6
_BYTE_ORDER_MAGIC: Final = 0x1A2B3C4D

_TSRESOL: Final = 9
_TSOFFSET: Final = 14
_MULTIPLY, _DIVIDE, _SHIFT = 0, 1, 2
"""How raw times become nanoseconds: times or by the interface's factor, or as a binary fraction."""
_MAX_TSOFFSET: Final = 4_600_000_000
"""Seconds; with `MAX_TIME` it stays inside 63 bits of nanoseconds."""
_FRACTION_BITS: Final = 34
"""Bits of a binary fraction of a second that count: with 10⁹ they fill 64."""

# Columns of the interface table; the limit is the highest raw time that may be multiplied.
_LINKTYPE, _SNAPLEN, _MANNER, _FACTOR, _LIMIT, _OFFSET = 0, 1, 2, 3, 4, 5

# Cells of the state between two walks.
_LITTLE, _INTERFACES, _LAST_TIME = 0, 1, 2

_WIRELEN_BELOW_CAPLEN: Final = int(Fault.WIRELEN_BELOW_CAPLEN)
_TIME_OUT_OF_RANGE: Final = int(Fault.TIME_OUT_OF_RANGE)
_CAPLEN_BEYOND_BLOCK: Final = int(Fault.CAPLEN_BEYOND_BLOCK)
_BLOCK_TOO_SHORT: Final = int(Fault.BLOCK_TOO_SHORT)
_BLOCK_TRAILER_MISMATCH: Final = int(Fault.BLOCK_TRAILER_MISMATCH)
_BLOCK_UNALIGNED: Final = int(Fault.BLOCK_UNALIGNED)
_UNKNOWN_BLOCK: Final = int(Fault.UNKNOWN_BLOCK)
_UNKNOWN_INTERFACE: Final = int(Fault.UNKNOWN_INTERFACE)
_TOO_MANY_INTERFACES: Final = int(Fault.TOO_MANY_INTERFACES)
_BLOCK_LENGTH_INVALID: Final = int(Fault.BLOCK_LENGTH_INVALID)
_SECTION_INVALID: Final = int(Fault.SECTION_INVALID)


def is_pcapng(head: bytes) -> bool:
    """Whether a file that starts with `head` (twelve bytes are needed) is a pcapng file."""
    return head[:4] == b"\x0a\x0d\x0d\x0a" and head[8:12] in (b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a")


def _new_table() -> NDArray[np.int64]:
    return np.zeros((MAX_INTERFACES, 6), np.int64)


@dataclass(slots=True)
class PcapngWalker:
    """Walks over the blocks of a pcapng file; remembers the section's byte order and interfaces."""

    interfaces: NDArray[np.int64] = field(default_factory=_new_table)
    state: NDArray[np.int64] = field(default_factory=lambda: np.zeros(3, np.int64))
    smallest_record: int = 16

    def walk(
        self, data: NDArray[np.uint8], position: int, base: int, columns: Columns, faults: FaultRegister
    ) -> Step:
        """See `Walker.walk`. A frame without a time of its own (simple packet block) has its forerunner's."""
        return Step(
            *_walk(
                data,
                position,
                base,
                self.state,
                self.interfaces,
                columns.offset,
                columns.caplen,
                columns.wirelen,
                columns.ts,
                columns.linktype,
                faults.counts,
                faults.places,
            )
        )


@njit(nogil=True)
def _half(data: Any, position: int, little: bool) -> Any:
    """The 16-bit number at `position`."""
    first, second = np.int64(data[position]), np.int64(data[position + 1])
    return second << 8 | first if little else first << 8 | second


@njit(nogil=True)
def _seconds(data: Any, position: int, little: bool) -> Any:
    """The 64-bit signed number at `position`, clamped to ±`_MAX_TSOFFSET`."""
    first, second = word(data, position, little), word(data, position + 4, little)
    high, low = (second, first) if little else (first, second)
    if high >= 1 << 31:
        high -= 1 << 32
    return max(-_MAX_TSOFFSET, min(_MAX_TSOFFSET, high * (1 << 32) + low))


@njit(nogil=True)
def _set_resolution(interfaces: Any, number: int, resolution: Any) -> None:
    """if_tsresol: a negative power of ten or, with the highest bit set, of two."""
    power = int(resolution) & 0x7F
    if resolution & 0x80 or power > 27:  # finer than 10⁻²⁷, 64 bits do not fill a nanosecond
        interfaces[number, _MANNER] = _SHIFT
        interfaces[number, _FACTOR] = power if resolution & 0x80 else 127
        return
    interfaces[number, _MANNER] = _MULTIPLY if power <= 9 else _DIVIDE
    interfaces[number, _FACTOR] = 10 ** abs(9 - power)
    interfaces[number, _LIMIT] = MAX_TIME // interfaces[number, _FACTOR]


@njit(nogil=True)
def _read_interface(data: Any, body: int, end: int, little: bool, interfaces: Any, number: int) -> None:
    """An interface description's link type, snapshot length and time options."""
    interfaces[number, _LINKTYPE] = _half(data, body, little)
    interfaces[number, _SNAPLEN] = word(data, body + 4, little)
    interfaces[number, _OFFSET] = 0
    _set_resolution(interfaces, number, 6)
    position = body + 8
    while position + 4 <= end:
        code = _half(data, position, little)
        length = _half(data, position + 2, little)
        position += 4
        if code == 0 or position + length > end:
            break
        if code == _TSRESOL and length >= 1:
            _set_resolution(interfaces, number, data[position])
        elif code == _TSOFFSET and length >= 8:
            interfaces[number, _OFFSET] = _seconds(data, position, little) * NANOSECONDS
        position += (length + 3) & ~3


@njit(nogil=True)
def _from_binary(high: int, low: int, bits: int) -> Any:
    """Nanoseconds of a count of 2^-`bits` seconds; above `MAX_TIME` where it is out of range."""
    raw = np.uint64(high) << np.uint64(32) | np.uint64(low)
    whole = np.uint64(0)
    fraction = raw
    if bits < 64:
        whole = raw >> np.uint64(bits)
        fraction = raw & ((np.uint64(1) << np.uint64(bits)) - np.uint64(1))
    if bits > _FRACTION_BITS:
        drop = bits - _FRACTION_BITS
        fraction = fraction >> np.uint64(drop) if drop < 64 else np.uint64(0)
        bits = _FRACTION_BITS
    if whole > np.uint64(MAX_TIME // NANOSECONDS):
        return np.int64(MAX_TIME + 1)
    part = fraction * np.uint64(NANOSECONDS) >> np.uint64(bits)
    return np.int64(whole) * NANOSECONDS + np.int64(part)


@njit(nogil=True)
def _nanoseconds(high: int, low: int, interfaces: Any, number: int) -> Any:
    """A raw time of an interface in ns since 1970; outside 0 to `MAX_TIME` where it is out of range."""
    factor = interfaces[number, _FACTOR]
    manner = interfaces[number, _MANNER]
    if manner == _SHIFT:
        time = _from_binary(high, low, factor)
    elif manner == _DIVIDE:
        raw = np.uint64(high) << np.uint64(32) | np.uint64(low)
        time = np.int64(raw // np.uint64(factor))
    elif high < 1 << 31 and (high << 32 | low) <= interfaces[number, _LIMIT]:
        time = (high << 32 | low) * factor
    else:
        time = np.int64(MAX_TIME + 1)
    return min(time, MAX_TIME + 1) + interfaces[number, _OFFSET]


@njit(nogil=True)
def _block_length(data: Any, position: int, kind: int, little: bool) -> Any:
    """The length at a block's head; 0 where the next block cannot be found by it."""
    length = word(data, position + 4, little)
    limit = _MAX_BLOCK if _is_read(kind) else _MAX_SKIPPED
    return length if 12 <= length <= limit else 0


@njit(nogil=True)
def _is_read(kind: int) -> bool:
    return kind in (_ENHANCED_PACKET, _SIMPLE_PACKET, _OLD_PACKET, _INTERFACE, _SECTION)


@njit(nogil=True)
def _is_named(kind: int) -> bool:
    """Whether the specification names the block type (or leaves it to local use), though we skip it."""
    return (
        4 <= kind <= 12  # names, statistics, IRIG, ARINC, journal, secrets, Hone
        or 0x201 <= kind <= 0x21F  # Sysdig
        or kind == 0xBAD  # custom
        or kind == 0x40000BAD
        or kind >= 0x80000000
    )


@njit(nogil=True)
def _byte_order(data: Any, position: int) -> int:
    """Of the section header at `position`: 1 little endian, 0 big endian, -1 neither."""
    if word(data, position + 8, True) == _BYTE_ORDER_MAGIC:
        return 1
    return 0 if word(data, position + 8, False) == _BYTE_ORDER_MAGIC else -1


@njit(nogil=True)
def _packet_fields(data: Any, body: int, kind: int, little: bool) -> tuple[int, int, int, int, int]:
    """Interface, start of the bytes, captured and wire length, and where the time lies (-1: nowhere)."""
    if kind == _ENHANCED_PACKET:
        captured = word(data, body + 12, little)
        return word(data, body, little), body + 20, captured, word(data, body + 16, little), body + 4
    if kind == _OLD_PACKET:
        captured = word(data, body + 12, little)
        return _half(data, body, little), body + 20, captured, word(data, body + 16, little), body + 4
    wire = word(data, body, little)
    return 0, body + 4, wire, wire, -1


@njit(nogil=True)
def _describe(
    data: Any, kind: int, body: int, tail: int, little: bool, state: Any, interfaces: Any
) -> tuple[int, bool]:
    """Take in a section header or interface description: its fault (-1 for none), and if that ends all."""
    if tail - body < (16 if kind == _SECTION else 8):
        return _BLOCK_TOO_SHORT, False
    if kind == _SECTION:
        state[_INTERFACES] = 0
        if _half(data, body + 4, little) != 1:
            return _SECTION_INVALID, True
        return -1, False
    if state[_INTERFACES] == MAX_INTERFACES:
        return _TOO_MANY_INTERFACES, False
    _read_interface(data, body, tail, little, interfaces, state[_INTERFACES])
    state[_INTERFACES] += 1
    return -1, False


@njit(nogil=True)
def _time_of(
    data: Any,
    clock: int,
    little: bool,
    interfaces: Any,
    number: int,
    last: int,
    counts: Any,
    places: Any,
    place: int,
) -> Any:
    """The frame's time by the raw one at `clock`, clamped; its forerunner's where there is none."""
    if clock < 0:
        return last
    time = _nanoseconds(word(data, clock, little), word(data, clock + 4, little), interfaces, number)
    if time < 0 or time > MAX_TIME:
        note(counts, places, _TIME_OUT_OF_RANGE, place)
    return max(0, min(time, MAX_TIME))


@njit(nogil=True)
def _lengths(captured: int, wire: int, held: int, counts: Any, places: Any, place: int) -> tuple[int, int]:
    """Captured and wire length that agree with each other and with the bytes the block holds."""
    held = min(held, MAX_CAPLEN)
    if captured > held:
        note(counts, places, _CAPLEN_BEYOND_BLOCK, place)
        captured = held
    if wire < captured:
        note(counts, places, _WIRELEN_BELOW_CAPLEN, place)
        wire = captured
    return captured, min(wire, MAX_WIRELEN)


def _compile(stamp: int) -> Callable[..., tuple[int, int, bool]]:
    """The kernel. `stamp` is a cell of it, so that a change in a file it is made of misses numba's cache."""

    @njit(cache=True, nogil=True)
    def walk_pcapng(
        data: Any,
        position: int,
        base: int,
        state: Any,
        interfaces: Any,
        offset: Any,
        caplen: Any,
        wirelen: Any,
        ts: Any,
        linktype: Any,
        counts: Any,
        places: Any,
    ) -> tuple[int, int, bool]:
        """Frames written, position of the next block, and whether a fault ended the walk."""
        end = data.size
        room = offset.size
        frames = 0 if stamp >= 0 else -1
        stopped = False
        little = state[_LITTLE] == 1
        while frames < room and position + 12 <= end and not stopped:
            place = base + position
            kind = word(data, position, little)
            if kind == _SECTION:  # reads alike in both byte orders
                order = _byte_order(data, position)
                if order < 0:
                    note(counts, places, _SECTION_INVALID, place)
                    stopped = True
                    break
                little = order == 1
            length = _block_length(data, position, kind, little)
            if length == 0:
                note(counts, places, _BLOCK_LENGTH_INVALID, place)
                stopped = True
                break
            aligned = (length + 3) & ~3
            if not _is_read(kind):
                if not _is_named(kind):
                    note(counts, places, _UNKNOWN_BLOCK, place)
                position += aligned
                continue
            if position + aligned > end:
                break
            if aligned != length:
                note(counts, places, _BLOCK_UNALIGNED, place)
            elif word(data, position + length - 4, little) != length:
                note(counts, places, _BLOCK_TRAILER_MISMATCH, place)
            body = position + 8
            position += aligned
            tail = position - 4
            if kind in (_SECTION, _INTERFACE):
                fault, stopped = _describe(data, kind, body, tail, little, state, interfaces)
                if fault >= 0:
                    note(counts, places, fault, place)
                continue
            if tail - body < (4 if kind == _SIMPLE_PACKET else 20):
                note(counts, places, _BLOCK_TOO_SHORT, place)
                continue
            number, start, captured, wire, clock = _packet_fields(data, body, kind, little)
            link = UNKNOWN_LINKTYPE
            if number < state[_INTERFACES]:
                link = interfaces[number, _LINKTYPE]
                state[_LAST_TIME] = _time_of(
                    data, clock, little, interfaces, number, state[_LAST_TIME], counts, places, place
                )
                if kind == _SIMPLE_PACKET and interfaces[number, _SNAPLEN] > 0:
                    captured = min(captured, interfaces[number, _SNAPLEN])
            else:
                note(counts, places, _UNKNOWN_INTERFACE, place)
            captured, wire = _lengths(captured, wire, tail - start, counts, places, place)
            offset[frames] = start
            caplen[frames] = captured
            wirelen[frames] = wire
            ts[frames] = state[_LAST_TIME]
            linktype[frames] = link
            frames += 1
        state[_LITTLE] = little
        return frames, position, stopped

    return walk_pcapng


_walk = _compile(source_stamp(Path(__file__).parent))
