"""From a flow's key to its slot: a hash table with open addressing.

Each entry holds 32 bits of the flow's hash beside the slot, so that a search reads one cache line of the
table, and a flow's record only when it is almost surely the right one. Entries are kept without holes
(a removal moves its followers back), so a search ends at the first empty entry.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sentinel.decode.compiled import inlined, kernel
from sentinel.flow.memory import zeros

__all__ = ["find", "insert", "make_entries", "peek", "remove"]

EMPTY = np.uint64(0)
ONE = np.uint64(1)
_LOW = np.uint64(0xFFFFFFFF)
_TAG = np.uint64(32)


def make_entries(flows: int) -> NDArray[np.uint64]:
    """Entries for so many flows at once; at most half of them are ever taken."""
    return zeros(1 << max(11, (2 * flows - 1).bit_length()), np.uint64)


@inlined
def peek(entries, mask, hashed):
    """Slot of the flow that probably has this hash, or -1: what to fetch ahead of need."""
    tag = hashed & _LOW
    at = hashed & mask
    while entries[at] != EMPTY and entries[at] >> _TAG != tag:
        at = (at + ONE) & mask
    return np.int64(entries[at] & _LOW) - 1


@inlined
def find(entries, mask, flows, hashed, src_hi, src_lo, src_port, dst_hi, dst_lo, dst_port, proto, zone):
    """Slot of the flow between these endpoints in either direction, or -1.

    Leaves by one door: with another `return` numba would count references to the arrays for each packet.
    """
    tag = hashed & _LOW
    at = hashed & mask
    slot = np.int64(-1)
    while slot < 0 and entries[at] != EMPTY:
        if entries[at] >> _TAG == tag:
            candidate = np.int64(entries[at] & _LOW) - 1
            flow = flows[candidate]
            straight = (
                flow.orig_lo == src_lo
                and flow.resp_lo == dst_lo
                and flow.orig_port == src_port
                and flow.resp_port == dst_port
                and flow.orig_hi == src_hi
                and flow.resp_hi == dst_hi
            )
            if flow.hash == hashed and flow.proto == proto and flow.zone == zone:
                if straight or (
                    flow.orig_lo == dst_lo
                    and flow.resp_lo == src_lo
                    and flow.orig_port == dst_port
                    and flow.resp_port == src_port
                    and flow.orig_hi == dst_hi
                    and flow.resp_hi == src_hi
                ):
                    slot = candidate
        at = (at + ONE) & mask
    return slot


@kernel
def insert(entries, hashed, slot):
    """Add a flow that is not there. The caller has made sure that entries are free."""
    mask = np.uint64(len(entries) - 1)
    at = hashed & mask
    while entries[at] != EMPTY:
        at = (at + ONE) & mask
    entries[at] = (hashed & _LOW) << _TAG | np.uint64(slot + 1)


@kernel
def remove(entries, hashed, slot):
    """Take a flow out, and move back what stands behind it and would no longer be found."""
    mask = np.uint64(len(entries) - 1)
    hole = hashed & mask
    while entries[hole] & _LOW != np.uint64(slot + 1):
        if entries[hole] == EMPTY:
            return
        hole = (hole + ONE) & mask
    at = hole
    while True:
        at = (at + ONE) & mask
        if entries[at] == EMPTY:
            break
        home = (entries[at] >> _TAG) & mask
        if (at - home) & mask >= (at - hole) & mask:
            entries[hole] = entries[at]
            hole = at
    entries[hole] = EMPTY
