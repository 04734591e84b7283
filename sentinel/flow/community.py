"""Community ID v1 (https://github.com/corelight/community-id-spec): one id for a flow in every tool.

`1:` and the base64 of the SHA-1 of seed 0, the lesser endpoint's address, the greater's, the protocol, a zero
byte and both ports. A message that short is one block of SHA-1 (FIPS 180-4 §6.1), so a kernel does a whole
column of flows.
"""

from __future__ import annotations

import numpy as np
from numba import njit

ID_LENGTH = 30
"""`1:` and 28 letters."""
MAPPED = np.uint64(0xFFFF)
TCP, UDP, ICMP, ICMP6, SCTP = 6, 17, 1, 58, 132
LETTERS = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", np.uint8)


def _answered(*types):
    """Which ICMP types are asked and answered: the others' flows go one way."""
    found = np.zeros(256, np.bool_)
    found[list(types)] = True
    return found


ANSWERED = _answered(0, 8, 9, 10, 13, 14, 15, 16, 17, 18)
ANSWERED6 = _answered(128, 129, 130, 131, 133, 134, 135, 136, 139, 140, 144, 145)


@njit(cache=True, nogil=True, inline="always")
def _rotated(word, bits):
    return np.uint32((word << np.uint32(bits)) | (word >> np.uint32(32 - bits)))


@njit(cache=True, nogil=True)
def _sha1(block, digest):
    """SHA-1 of the padded 64-byte `block` into five words."""
    words = np.empty(80, np.uint32)
    for t in range(16):
        words[t] = (
            np.uint32(block[4 * t]) << np.uint32(24)
            | np.uint32(block[4 * t + 1]) << np.uint32(16)
            | np.uint32(block[4 * t + 2]) << np.uint32(8)
            | np.uint32(block[4 * t + 3])
        )
    for t in range(16, 80):
        words[t] = _rotated(words[t - 3] ^ words[t - 8] ^ words[t - 14] ^ words[t - 16], 1)
    a, b, c = np.uint32(0x67452301), np.uint32(0xEFCDAB89), np.uint32(0x98BADCFE)
    d, e = np.uint32(0x10325476), np.uint32(0xC3D2E1F0)
    for t in range(80):
        if t < 20:
            f, k = (b & c) | (~b & d), np.uint32(0x5A827999)
        elif t < 40:
            f, k = b ^ c ^ d, np.uint32(0x6ED9EBA1)
        elif t < 60:
            f, k = (b & c) | (b & d) | (c & d), np.uint32(0x8F1BBCDC)
        else:
            f, k = b ^ c ^ d, np.uint32(0xCA62C1D6)
        mixed = np.uint32(_rotated(a, 5) + np.uint32(f) + e + k + words[t])
        e, d, c, b, a = d, c, _rotated(b, 30), a, mixed
    digest[0] = np.uint32(0x67452301) + a
    digest[1] = np.uint32(0xEFCDAB89) + b
    digest[2] = np.uint32(0x98BADCFE) + c
    digest[3] = np.uint32(0x10325476) + d
    digest[4] = np.uint32(0xC3D2E1F0) + e


@njit(cache=True, nogil=True)
def _put(block, at, value, size):
    """Write `value` big-endian in `size` bytes; the next place."""
    for k in range(size):
        block[at + k] = np.uint8((value >> np.uint64(8 * (size - 1 - k))) & np.uint64(255))
    return at + size


@njit(cache=True, nogil=True)
def _write_message(block, flow):
    """The hashed bytes of a flow into `block`; how many."""
    proto = flow.proto
    one_way = (proto == ICMP and not ANSWERED[flow.orig_port & 255]) or (
        proto == ICMP6 and not ANSWERED6[flow.orig_port & 255]
    )
    swapped = False
    if not one_way:
        if flow.orig_hi != flow.resp_hi:
            swapped = flow.orig_hi > flow.resp_hi
        elif flow.orig_lo != flow.resp_lo:
            swapped = flow.orig_lo > flow.resp_lo
        else:
            swapped = flow.orig_port > flow.resp_port
    at = _put(block, 0, np.uint64(0), 2)
    for side in range(2):
        hi, lo = flow.orig_hi, flow.orig_lo
        if (side == 1) != swapped:
            hi, lo = flow.resp_hi, flow.resp_lo
        if flow.orig_hi == 0 and flow.orig_lo >> np.uint64(32) == MAPPED:
            at = _put(block, at, lo, 4)
        else:
            at = _put(block, _put(block, at, hi, 8), lo, 8)
    block[at] = proto
    block[at + 1] = 0
    at += 2
    if proto == TCP or proto == UDP or proto == ICMP or proto == ICMP6 or proto == SCTP:
        first, second = flow.orig_port, flow.resp_port
        if swapped:
            first, second = second, first
        at = _put(block, _put(block, at, np.uint64(first), 2), np.uint64(second), 2)
    return at


@njit(cache=True, nogil=True)
def community_ids(flows, ids):
    """Write the Community ID of each FLOW record of `flows` to a row of `ids` (n, ID_LENGTH).

    For ICMP the record's ports are the type and the answering type (or the code where nothing answers).
    """
    block = np.empty(64, np.uint8)
    digest = np.empty(5, np.uint32)
    for number in range(len(flows)):
        block[:] = 0
        length = _write_message(block, flows[number])
        block[length] = 0x80
        block[62] = np.uint8(length >> 5)
        block[63] = np.uint8((length << 3) & 255)
        _sha1(block, digest)
        row = ids[number]
        row[0], row[1], row[29] = 49, 58, 61
        for group in range(7):
            value = np.uint64(0)
            for k in range(3):
                byte = 3 * group + k
                value <<= np.uint64(8)
                if byte < 20:
                    value |= (np.uint64(digest[byte >> 2]) >> np.uint64(24 - 8 * (byte & 3))) & np.uint64(255)
            for k in range(4):
                if 4 * group + k < 27:
                    row[2 + 4 * group + k] = LETTERS[
                        np.int64((value >> np.uint64(18 - 6 * k)) & np.uint64(63))
                    ]
