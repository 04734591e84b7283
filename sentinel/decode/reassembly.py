"""IP reassembly (RFC 791 §3.2, RFC 8200 §4.5): fragments in, whole datagrams out. First bytes win.

As Linux does: bytes past a whole unit are cut off all fragments but the last, and a last fragment that
ends before bytes already held is refused. Zeek's names for what is odd.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from sentinel.decode.checksum import add_words
from sentinel.decode.compiled import part
from sentinel.decode.fragment import COUNTERS, HEADER, LONGEST, ODDITY_NAMES, SPACE, UNIT
from sentinel.decode.load import load8
from sentinel.decode.packet import FragmentFlag
from sentinel.decode.store import copy_bytes, fill_bytes, store16

__all__ = ["ROOM", "take_fragment"]

ROOM: Final = LONGEST + HEADER
"""Bytes that a whole packet may take."""

_MORE: Final = int(FragmentFlag.MORE)
_FREE: Final = COUNTERS.index("free")
_OLDEST: Final = COUNTERS.index("oldest")
_NEWEST: Final = COUNTERS.index("newest")
_GIVEN_UP: Final = COUNTERS.index("given_up")
_ODDITIES: Final = COUNTERS.index("oddities")
_OVERLAP: Final = ODDITY_NAMES.index("fragment_overlap")
_INCONSISTENT: Final = ODDITY_NAMES.index("fragment_inconsistency")
_SIZE: Final = ODDITY_NAMES.index("fragment_size_inconsistency")
_PROTOCOL: Final = ODDITY_NAMES.index("fragment_protocol_inconsistency")
_TOO_LARGE: Final = ODDITY_NAMES.index("excessively_large_fragment")
_CUT: Final = ODDITY_NAMES.index("incompletely_captured_fragment")
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
_UPPER: Final = np.uint64(40)


@part
def _note(datagrams: Any, row: Any, name: int) -> None:
    """Keep what is odd about a fragment, or count it where there is no room."""
    number = datagrams.counters[_ODDITIES]
    datagrams.counters[_ODDITIES] = number + 1
    if number < len(datagrams.oddities):
        oddity = datagrams.oddities[number]
        oddity.name = name
        oddity.ts = row.ts
        oddity.id = row.fragment_id
        oddity.src_hi = row.src_hi
        oddity.src_lo = row.src_lo
        oddity.dst_hi = row.dst_hi
        oddity.dst_lo = row.dst_lo


@part
def _bucket(datagrams: Any, src_lo: Any, dst_lo: Any, number: Any) -> int:
    mixed = (src_lo * _SPREAD ^ dst_lo) * _SPREAD ^ np.uint64(number)
    return int(np.int64(((mixed * _SPREAD) >> _UPPER) & np.uint64(len(datagrams.heads) - 1)))


@part
def _find(datagrams: Any, row: Any) -> Any:
    """Slot of the datagram that a fragment belongs to, or -1."""
    slot: Any = np.int64(datagrams.heads[_bucket(datagrams, row.src_lo, row.dst_lo, row.fragment_id)])
    while slot >= 0:
        held = datagrams.slots[slot]
        if (
            held.id == row.fragment_id
            and held.src_lo == row.src_lo
            and held.dst_lo == row.dst_lo
            and held.src_hi == row.src_hi
            and held.dst_hi == row.dst_hi
            and held.version == row.ip_version
            and (held.proto == row.proto or row.ip_version == 6)
            and held.vlan == row.vlan
            and held.inner_vlan == row.inner_vlan
            and held.vpn == row.vpn
        ):
            break
        slot = np.int64(held.same)
    return slot


@part
def _begin(datagrams: Any, row: Any) -> Any:
    """A slot for a new datagram; the oldest gives way where all are taken."""
    counters = datagrams.counters
    if counters[_FREE] == 0:
        _drop(datagrams, counters[_OLDEST])
        counters[_GIVEN_UP] += 1
    counters[_FREE] -= 1
    slot: Any = np.int64(datagrams.free[counters[_FREE]])
    held = datagrams.slots[slot]
    held.src_hi = row.src_hi
    held.src_lo = row.src_lo
    held.dst_hi = row.dst_hi
    held.dst_lo = row.dst_lo
    held.first = row.ts
    held.id = row.fragment_id
    held.length = -1
    held.held = 0
    held.top = 0
    held.header = 0
    held.vlan = row.vlan
    held.inner_vlan = row.inner_vlan
    held.vpn = row.vpn
    held.proto = row.proto
    held.version = row.ip_version
    held.former = counters[_NEWEST]
    held.later = -1
    if held.former >= 0:
        datagrams.slots[held.former].later = slot
    else:
        counters[_OLDEST] = slot
    counters[_NEWEST] = slot
    bucket = _bucket(datagrams, row.src_lo, row.dst_lo, row.fragment_id)
    held.same = datagrams.heads[bucket]
    datagrams.heads[bucket] = slot
    return slot


@part
def _drop(datagrams: Any, slot: int) -> None:
    """Forget a datagram: out of the order of arrival and of its bucket."""
    counters, slots = datagrams.counters, datagrams.slots
    held = slots[slot]
    if held.former >= 0:
        slots[held.former].later = held.later
    else:
        counters[_OLDEST] = held.later
    if held.later >= 0:
        slots[held.later].former = held.former
    else:
        counters[_NEWEST] = held.former
    bucket = _bucket(datagrams, held.src_lo, held.dst_lo, held.id)
    at: Any = np.int64(datagrams.heads[bucket])
    if at == slot:
        datagrams.heads[bucket] = held.same
    else:
        while slots[at].same != slot:
            at = np.int64(slots[at].same)
        slots[at].same = held.same
    filled = datagrams.filled.ctypes.data + slot * (SPACE // UNIT)
    fill_bytes(filled, (held.top + UNIT - 1) // UNIT, 0)
    datagrams.free[counters[_FREE]] = slot
    counters[_FREE] += 1


@part
def _put(datagrams: Any, slot: int, source: int, start: int, length: int) -> int:
    """Keep a piece where nothing is held yet. Returns -1, or what is odd: an overlap that agrees, or not."""
    held = datagrams.slots[slot]
    target = datagrams.bytes.ctypes.data + slot * SPACE
    filled = datagrams.filled.ctypes.data + slot * (SPACE // UNIT)
    end = start + length
    units = (length + UNIT - 1) // UNIT
    first = start // UNIT
    clash = False
    if start < held.top:
        for unit in range(first, first + units):
            if load8(filled, unit):
                clash = True
                break
    odd = -1
    if not clash:
        copy_bytes(target + start, source, length)
        held.held += length
    else:
        odd = _OVERLAP
        for unit in range(first, first + units):
            at = unit * UNIT
            size = min(UNIT, end - at)
            if not load8(filled, unit):
                copy_bytes(target + at, source + at - start, size)
                held.held += size
                continue
            for byte in range(at, min(at + size, held.top)):
                if load8(target, byte) != load8(source, byte - start):
                    odd = _INCONSISTENT
    fill_bytes(filled + first, units, 1)
    held.top = max(held.top, end)
    return odd


@part
def _write_whole(datagrams: Any, slot: int, target: int) -> Any:
    """Write the whole packet to `target`, its header freed of what told of fragments; its length."""
    held = datagrams.slots[slot]
    header: Any = np.int64(held.header)
    length: Any = np.int64(held.length)
    copy_bytes(target, datagrams.headers.ctypes.data + slot * HEADER, header)
    if held.version == 4:
        length = min(length, LONGEST - header)
        store16(target + 2, header + length)
        store16(target + 6, 0)
        store16(target + 10, 0)
        total = add_words(target, 0, header, 0)
        total = (total & 0xFFFF) + (total >> 16)
        total = (total & 0xFFFF) + (total >> 16)
        store16(target + 10, ~total & 0xFFFF)
    else:
        store16(target + 4, length)
        # Hop limit stands in the byte behind the protocol.
        store16(target + 6, np.int64(held.proto) << 8 | load8(target, 7))
    copy_bytes(target + header, datagrams.bytes.ctypes.data + slot * SPACE, length)
    return header + length


@part
def take_fragment(datagrams: Any, row: Any, data: int, target: int) -> int:
    """Take a fragment, whose bytes lie in the block at address `data`.

    Once its datagram is complete, writes the whole IP packet to address `target` (`ROOM` bytes at most) and
    returns its length; 0 before.
    """
    counters = datagrams.counters
    while counters[_OLDEST] >= 0 and row.ts - datagrams.slots[counters[_OLDEST]].first > datagrams.timeout:
        _drop(datagrams, counters[_OLDEST])
        counters[_GIVEN_UP] += 1
    start: Any = np.int64(row.fragment_offset)
    length: Any = np.int64(row.payload_len)
    more = row.fragment & _MORE
    if length < row.payload_wire:
        _note(datagrams, row, _CUT)
        return 0
    if more:
        length -= length % UNIT
    slot = _find(datagrams, row)
    if start + length > LONGEST:
        _note(datagrams, row, _TOO_LARGE)
        if slot >= 0:
            _drop(datagrams, slot)
        return 0
    if more and length == 0:
        return 0
    if slot < 0:
        slot = _begin(datagrams, row)
    held = datagrams.slots[slot]
    if held.proto != row.proto:
        _note(datagrams, row, _PROTOCOL)
    end = start + length
    if held.length >= 0 and (end > held.length or (not more and end != held.length)):
        _note(datagrams, row, _SIZE)
        return 0
    if not more and end < held.top:
        _note(datagrams, row, _SIZE)
        return 0
    if length > 0:
        odd = _put(datagrams, slot, data + row.payload, start, length)
        if odd >= 0:
            _note(datagrams, row, odd)
    if not more:
        held.length = end
    if start == 0 and held.header == 0:
        size = 40 if row.ip_version == 6 else min(row.payload - row.network, HEADER)
        copy_bytes(datagrams.headers.ctypes.data + slot * HEADER, data + row.network, size)
        held.header = size
        held.proto = row.proto
    if held.length < 0 or held.held < held.length or held.header == 0:
        return 0
    whole = _write_whole(datagrams, slot, target)
    _drop(datagrams, slot)
    return int(whole)
