"""IEEE 802.11 data frames."""

from __future__ import annotations

from typing import Any, Final

from sentinel.decode.compiled import part
from sentinel.decode.layer import ETHERNET, LLC, NOTHING
from sentinel.decode.load import load8, load16, load48
from sentinel.decode.packet import Status
from sentinel.decode.row import end_row

__all__ = ["read_80211"]

_OTHER: Final = int(Status.OTHER)
_TRUNCATED: Final = int(Status.TRUNCATED)
_DATA: Final = 2
_QOS: Final = 0x08
_NO_DATA: Final = 0x04
_TO_DS: Final = 0x01
_FROM_DS: Final = 0x02
_PROTECTED: Final = 0x40
_ORDER: Final = 0x80


@part
def read_80211(row: Any, data: int, position: int, end: int, wire: int) -> tuple[int, int, int, int]:
    """An 802.11 header (IEEE 802.11 §9.3.2). Only unprotected data frames go on, to LLC.

    Of an aggregate (A-MSDU) the first frame is read.
    """
    start = position
    if end - position < 24:
        end_row(row, _TRUNCATED, start, end, wire)
        return NOTHING, position, end, wire
    control = load8(data, position)
    flags = load8(data, position + 1)
    subtype = control >> 4
    to_ds = flags & _TO_DS
    from_ds = flags & _FROM_DS
    first = load48(data, position + 4)
    second = load48(data, position + 10)
    third = load48(data, position + 16)
    if (control >> 2) & 3 != _DATA or subtype & _NO_DATA or flags & _PROTECTED:
        row.eth_dst = first
        row.eth_src = second
        end_row(row, _OTHER, start, end, wire)
        return NOTHING, position, end, wire
    row.eth_dst = third if to_ds else first
    row.eth_src = third if from_ds else second
    position += 24
    if to_ds and from_ds:
        if end - position < 6:
            end_row(row, _TRUNCATED, start, end, wire)
            return NOTHING, position, end, wire
        row.eth_src = load48(data, position)
        position += 6
    aggregate = False
    if subtype & _QOS:
        if end - position < 2:
            end_row(row, _TRUNCATED, start, end, wire)
            return NOTHING, position, end, wire
        aggregate = load8(data, position) & 0x80 != 0
        position += 6 if flags & _ORDER else 2
    if aggregate:
        return _read_aggregate(row, data, position, end, wire)
    return LLC, position, end, wire


@part
def _read_aggregate(row: Any, data: int, position: int, end: int, wire: int) -> tuple[int, int, int, int]:
    """The first subframe of an A-MSDU (§9.3.2.2.2): addresses and length as in Ethernet."""
    if end - position < 14:
        end_row(row, _TRUNCATED, position, end, wire)
        return NOTHING, position, end, wire
    if load16(data, position + 12) >= 0x0600:
        end_row(row, _OTHER, position, end, wire)
        return NOTHING, position, end, wire
    return ETHERNET, position, end, wire
