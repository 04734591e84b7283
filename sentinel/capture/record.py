"""What the walks over pcap and pcapng have in common: limits, columns, and the load of a 32-bit word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sentinel.capture.fault import FaultRegister

__all__ = [
    "MAX_CAPLEN",
    "MAX_RECORD",
    "MAX_TIME",
    "MAX_WIRELEN",
    "NANOSECONDS",
    "UNKNOWN_LINKTYPE",
    "Columns",
    "Step",
    "Walker",
    "note",
    "word",
]

MAX_CAPLEN: Final = 262_144
"""Bytes; no network capture writes longer frames (libpcap's own limit)."""
MAX_TIME: Final = 1 << 62
"""ns since 1970; 2116, behind all a pcap file can say and far enough from the end to add timeouts to."""
MAX_RECORD: Final = (1 << 20) + 32
"""Bytes; what may remain of an incomplete record at the end of a block is shorter."""
MAX_WIRELEN: Final = (1 << 31) - 1
NANOSECONDS: Final = 1_000_000_000
UNKNOWN_LINKTYPE: Final = 0xFFFF
"""Given to frames whose link type the file does not tell."""


@dataclass(slots=True)
class Columns:
    """Room for the columns of a batch; see `Batch` for their meaning."""

    offset: NDArray[np.int64]
    caplen: NDArray[np.int32]
    wirelen: NDArray[np.int32]
    ts: NDArray[np.int64]
    linktype: NDArray[np.uint16]

    @classmethod
    def of(cls, frames: int) -> Columns:
        """Room for so many frames."""
        return cls(
            np.empty(frames, np.int64),
            np.empty(frames, np.int32),
            np.empty(frames, np.int32),
            np.empty(frames, np.int64),
            np.empty(frames, np.uint16),
        )


class Step(NamedTuple):
    """Where a walk came to."""

    frames: int
    """Frames written into the columns."""
    position: int
    """Where the next record starts; behind the end of the data where a block is to be skipped."""
    stopped: bool
    """A fault ended the reading."""


class Walker(Protocol):
    """Walks over the records of one format."""

    smallest_record: int
    """Bytes of the shortest record that holds a frame."""

    def walk(
        self, data: NDArray[np.uint8], position: int, base: int, columns: Columns, faults: FaultRegister
    ) -> Step:
        """Fill `columns` with the frames whose records lie whole in `data` from `position` on.

        `base`: offset of `data` in the file, for the places of faults. Ends before a record that is cut off
        by the end of `data`, where the columns are full, or at a fault.
        """


@njit(nogil=True)
def word(data: Any, position: int, little: bool) -> Any:
    """The 32-bit number at `position`. Checks no bounds."""
    at = np.uint64(position)  # an unsigned index spares the test for one from the end
    first = np.int64(data[at])
    second = np.int64(data[at + np.uint64(1)])
    third = np.int64(data[at + np.uint64(2)])
    fourth = np.int64(data[at + np.uint64(3)])
    if little:
        return fourth << 24 | third << 16 | second << 8 | first
    return first << 24 | second << 16 | third << 8 | fourth


@njit(nogil=True)
def note(counts: Any, places: Any, fault: int, place: int) -> None:
    """`FaultRegister.add` for kernels."""
    if counts[fault] == 0:
        places[fault] = place
    counts[fault] += 1
