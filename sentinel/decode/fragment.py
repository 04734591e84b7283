"""Datagrams under reassembly: their memory, and what was odd about them."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentinel.decode.oddity import Oddity
from sentinel.decode.settings import DecodeSettings

__all__ = [
    "COUNTERS",
    "DATAGRAM",
    "HEADER",
    "LONGEST",
    "ODDITY",
    "ODDITY_NAMES",
    "SPACE",
    "UNIT",
    "Datagrams",
    "Fragments",
]

LONGEST: Final = 65535
"""Bytes of the largest IP datagram."""
UNIT: Final = 8
"""Fragment offsets count in units of so many bytes (RFC 791 §3.1)."""
HEADER: Final = 60
"""Bytes of the longest IPv4 header; of IPv6 the fixed header alone is kept."""
SPACE: Final = LONGEST + 1
"""Bytes kept for one datagram."""
_MOST_ODDITIES: Final = 1024
"""Oddities kept until they are taken."""

ODDITY_NAMES: Final = (
    "fragment_overlap",
    "fragment_inconsistency",
    "fragment_size_inconsistency",
    "fragment_protocol_inconsistency",
    "excessively_large_fragment",
    "incompletely_captured_fragment",
)
"""Zeek's names; an entry's place is its number in `ODDITY`."""

COUNTERS: Final = (
    "free",  # slots on the free stack
    "oldest",  # slot of the datagram that began first, -1 for none
    "newest",
    "given_up",  # datagrams that timed out or gave way to others
    "oddities",  # oddities met since they were last taken, those without room included
)
"""Names of the entries of `Datagrams.counters`."""

DATAGRAM: Final = np.dtype(
    [
        ("src_hi", "<u8"),
        ("src_lo", "<u8"),
        ("dst_hi", "<u8"),
        ("dst_lo", "<u8"),
        ("vpn", "<i8"),
        ("first", "<i8"),  # ns: time of its first fragment
        ("id", "<u4"),
        ("length", "<i4"),  # bytes behind the header; -1 until its last fragment came
        ("held", "<i4"),  # bytes held so far
        ("top", "<i4"),  # end of the furthest byte held
        ("header", "<i4"),  # bytes of its header; 0 until its first fragment came
        ("former", "<i4"),  # the datagram that began before it, -1 for none
        ("later", "<i4"),
        ("same", "<i4"),  # next datagram in the same hash bucket, -1 at the end
        ("vlan", "<i2"),
        ("inner_vlan", "<i2"),
        ("proto", "u1"),  # of its first fragment; part of the key for IPv4 alone
        ("version", "u1"),
    ],
    align=True,
)
"""A datagram under reassembly."""

ODDITY: Final = np.dtype(
    [
        ("ts", "<i8"),
        ("src_hi", "<u8"),
        ("src_lo", "<u8"),
        ("dst_hi", "<u8"),
        ("dst_lo", "<u8"),
        ("id", "<u4"),
        ("name", "u1"),
    ],
    align=True,
)


class Datagrams(NamedTuple):
    """Preallocated memory of all datagrams under reassembly; pages cost memory only once touched."""

    slots: NDArray[Any]
    """DATAGRAM records."""
    heads: NDArray[np.int32]
    """First datagram of each hash bucket, -1 for none."""
    free: NDArray[np.int32]
    headers: NDArray[np.uint8]
    """HEADER bytes a slot."""
    bytes: NDArray[np.uint8]
    """SPACE bytes a slot."""
    filled: NDArray[np.uint8]
    """SPACE / UNIT bytes a slot: 1 where a unit is held."""
    oddities: NDArray[Any]
    counters: NDArray[np.int64]
    timeout: int
    """Nanoseconds that a datagram waits for its fragments."""


class Fragments:
    """All datagrams under reassembly. Driven by packet time."""

    def __init__(self, settings: DecodeSettings) -> None:
        most = settings.max_fragmented
        self.datagrams = Datagrams(
            slots=np.zeros(most, DATAGRAM),
            heads=np.full(1 << max(4, most.bit_length()), -1, np.int32),
            free=np.arange(most - 1, -1, -1, dtype=np.int32),
            headers=np.zeros(most * HEADER, np.uint8),
            bytes=np.zeros(most * SPACE, np.uint8),
            filled=np.zeros(most * SPACE // UNIT, np.uint8),
            oddities=np.zeros(_MOST_ODDITIES, ODDITY),
            counters=np.array([most, -1, -1, 0, 0], np.int64),
            timeout=int(settings.fragment_timeout * 1e9),
        )

    def __len__(self) -> int:
        """Datagrams under reassembly."""
        return len(self.datagrams.slots) - self._count("free")

    @property
    def given_up(self) -> int:
        """Datagrams that timed out or gave way to others."""
        return self._count("given_up")

    def take_oddities(self) -> tuple[list[Oddity], int]:
        """The oddities since the last call, and how many more there was no room for."""
        met = self._count("oddities")
        if not met:
            return [], 0
        self.datagrams.counters[COUNTERS.index("oddities")] = 0
        return [
            Oddity(ODDITY_NAMES[name], ts, src_hi, src_lo, dst_hi, dst_lo, f"id {number}")
            for ts, src_hi, src_lo, dst_hi, dst_lo, number, name in self.datagrams.oddities[:met].tolist()
        ], max(0, met - _MOST_ODDITIES)

    def _count(self, name: str) -> int:
        return int(self.datagrams.counters[COUNTERS.index(name)])
