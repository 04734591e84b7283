"""The flow's key: a hash that is the same for both directions, the ICMP pairing, the uid."""

from __future__ import annotations

import numpy as np

from sentinel.decode.compiled import inlined, kernel
from sentinel.flow.record import UID_LENGTH

_MULTIPLY = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_BASE62 = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", np.uint8)


def _pairs() -> tuple[np.ndarray, np.ndarray]:
    v4, v6 = np.full(256, -1, np.int32), np.full(256, -1, np.int32)
    for table, couples in (
        (v4, ((8, 0), (13, 14), (15, 16), (17, 18), (10, 9))),
        (v6, ((128, 129), (133, 134), (135, 136), (130, 131), (139, 140), (144, 145))),
    ):
        for request, reply in couples:
            table[request], table[reply] = reply, request
    return v4, v6


_PAIR4, _PAIR6 = _pairs()


def is_paired(kind: int, version6: bool) -> bool:
    """Whether ICMP (ICMPv6) messages of this type have an answer of their own: its type is in the place of the code."""
    return bool((_PAIR6 if version6 else _PAIR4)[kind & 255] >= 0)


@inlined
def mix(x):
    """splitmix64's finaliser."""
    x = (x ^ (x >> np.uint64(30))) * _MIX1
    x = (x ^ (x >> np.uint64(27))) * _MIX2
    return x ^ (x >> np.uint64(31))


@inlined
def flow_hash(src_hi, src_lo, src_port, dst_hi, dst_lo, dst_port, proto, zone, seed):
    """Hash of both endpoints in either order."""
    a = mix(src_lo + src_hi * _MULTIPLY + (np.uint64(src_port) << np.uint64(48)) + seed)
    b = mix(dst_lo + dst_hi * _MULTIPLY + (np.uint64(dst_port) << np.uint64(48)) + seed)
    return mix(a + b + (np.uint64(proto) << np.uint64(32)) + np.uint64(zone))


@inlined
def icmp_reply_type(proto, kind):
    """The type that answers (or asked) `kind`, or -1 for a one-way message."""
    return _PAIR4[kind] if proto == 1 else _PAIR6[kind]


@kernel
def write_uid(uid, a, b):
    """Spell 128 bits as `C` and base-62 digits."""
    uid[0] = 67
    base = np.uint64(62)
    for k in range(1, 10):
        uid[k] = _BASE62[np.int64(a % base)]
        a //= base
    for k in range(10, UID_LENGTH):
        uid[k] = _BASE62[np.int64(b % base)]
        b //= base
