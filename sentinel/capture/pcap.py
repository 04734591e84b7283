"""pcap files: header and the walk over records (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sentinel.capture.fault import CaptureError, Fault, FaultRegister
from sentinel.capture.record import (
    MAX_CAPLEN,
    MAX_WIRELEN,
    NANOSECONDS,
    UNKNOWN_LINKTYPE,
    Columns,
    Step,
    note,
    word,
)
from sentinel.decode.stamp import source_stamp
from sentinel.text import Message

__all__ = ["HEADER_LENGTH", "PcapWalker", "is_pcap"]

HEADER_LENGTH: Final = 24

_MICROSECOND: Final = 0xA1B2C3D4
_NANOSECOND: Final = 0xA1B23C4D
_KUZNETZOV: Final = 0xA1B2CD34
"""Old Linux variant whose record headers also carry interface, protocol and packet type."""
_MAGICS: Final = (_MICROSECOND, _NANOSECOND, _KUZNETZOV)
_LINKTYPE_MASK: Final = 0x03FF_FFFF
"""The bits above tell of the frame check sequence."""

_IN_ORDER, _PERHAPS_SWAPPED, _SWAPPED = 0, 1, 2
"""Order of the two lengths: version 2.3 interchanged them, and some files of it were not."""

_WIRELEN_BELOW_CAPLEN: Final = int(Fault.WIRELEN_BELOW_CAPLEN)
_TIME_OUT_OF_RANGE: Final = int(Fault.TIME_OUT_OF_RANGE)
_CAPLEN_TOO_LARGE: Final = int(Fault.CAPLEN_TOO_LARGE)


def is_pcap(head: bytes) -> bool:
    """Whether a file that starts with `head` (four bytes suffice) is a pcap file."""
    return len(head) >= 4 and _byte_order(head) is not None


def _byte_order(head: bytes) -> str | None:
    for order in "<>":
        if struct.unpack_from(order + "I", head)[0] in _MAGICS:
            return order
    return None


@dataclass(slots=True)
class PcapWalker:
    """Walks over the records of a pcap file."""

    little: bool
    tick: int
    """Nanoseconds of one unit of the fraction."""
    header: int
    """Bytes of a record's header."""
    lengths: int
    linktype: int
    smallest_record: int

    @classmethod
    def of(cls, head: bytes) -> PcapWalker:
        """By the file header, the file's first `HEADER_LENGTH` bytes; raises `CaptureError`."""
        order = _byte_order(head)
        if order is None:
            raise CaptureError(Message("capture.not-pcap"))
        if len(head) < HEADER_LENGTH:
            raise CaptureError(Message("capture.head-cut-short", length=len(head), whole=HEADER_LENGTH))
        magic, major, minor, _, _, _, linktype = struct.unpack_from(order + "IHHiIII", head)
        header = 24 if magic == _KUZNETZOV else 16
        return cls(
            little=order == "<",
            tick=1 if magic == _NANOSECOND else 1000,
            header=header,
            lengths=_order_of_lengths(major, minor),
            linktype=min(linktype & _LINKTYPE_MASK, UNKNOWN_LINKTYPE),
            smallest_record=header,
        )

    def walk(
        self, data: NDArray[np.uint8], position: int, base: int, columns: Columns, faults: FaultRegister
    ) -> Step:
        """See `Walker.walk`."""
        frames, position, stopped = _walk(
            data,
            position,
            base,
            self.little,
            self.tick,
            self.header,
            self.lengths,
            columns.offset,
            columns.caplen,
            columns.wirelen,
            columns.ts,
            faults.counts,
            faults.places,
        )
        columns.linktype[:frames] = self.linktype
        return Step(frames, position, stopped)


def _order_of_lengths(major: int, minor: int) -> int:
    if (major == 2 and minor < 3) or major == 543:  # 543.0 is DG/UX
        return _SWAPPED
    return _PERHAPS_SWAPPED if (major, minor) == (2, 3) else _IN_ORDER


def _compile(stamp: int) -> Callable[..., tuple[int, int, bool]]:
    """The kernel. `stamp` is a cell of it, so that a change in a file it is made of misses numba's cache."""

    @njit(cache=True, nogil=True)
    def walk_pcap(
        data: Any,
        position: int,
        base: int,
        little: bool,
        tick: int,
        header: int,
        lengths: int,
        offset: Any,
        caplen: Any,
        wirelen: Any,
        ts: Any,
        counts: Any,
        places: Any,
    ) -> tuple[int, int, bool]:
        """Frames written, position of the next record, and whether a fault ended the walk."""
        end = data.size
        room = offset.size
        ticks = NANOSECONDS // tick
        frames = 0 if stamp >= 0 else -1
        while frames < room and position + header <= end:
            seconds = word(data, position, little)
            fraction = word(data, position + 4, little)
            captured = word(data, position + 8, little)
            wire = word(data, position + 12, little)
            if lengths == _SWAPPED or (lengths == _PERHAPS_SWAPPED and captured > wire):
                captured, wire = wire, captured
            if captured > MAX_CAPLEN:
                note(counts, places, _CAPLEN_TOO_LARGE, base + position)
                return frames, position, True
            start = position + header
            if start + captured > end:
                break
            if wire < captured:
                note(counts, places, _WIRELEN_BELOW_CAPLEN, base + position)
                wire = captured
            if fraction >= ticks:
                note(counts, places, _TIME_OUT_OF_RANGE, base + position)
                fraction = ticks - 1
            offset[frames] = start
            caplen[frames] = captured
            wirelen[frames] = min(wire, MAX_WIRELEN)
            ts[frames] = seconds * NANOSECONDS + fraction * tick
            frames += 1
            position = start + captured
        return frames, position, False

    return walk_pcap


_walk = _compile(source_stamp(Path(__file__).parent))
