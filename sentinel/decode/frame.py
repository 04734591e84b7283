"""Where a captured frame begins: LINKTYPE_ values (https://www.tcpdump.org/linktypes.html) to layers."""

from __future__ import annotations

from typing import Any, Final

from sentinel.decode.compiled import part
from sentinel.decode.layer import ETHERNET, IEEE_80211, IP_BY_VERSION, IPV4, IPV6, LLC, NOTHING, PPP
from sentinel.decode.load import load8, load16, load32, load48
from sentinel.decode.packet import Status
from sentinel.decode.row import end_row

__all__ = ["LINKTYPES", "enter_frame"]

LINKTYPES: Final = frozenset({0, 1, 9, 12, 14, 50, 51, 101, 104, 105, 108, 113, 127, 228, 229, 239, 276})
"""The link types that `enter_frame` reads."""

_OTHER: Final = int(Status.OTHER)
_TRUNCATED: Final = int(Status.TRUNCATED)
_MALFORMED: Final = int(Status.MALFORMED)
_UNKNOWN_LINK: Final = int(Status.UNKNOWN_LINK)
_PPPOE_SESSION: Final = 0x8864
_FIRST_ETHERTYPE: Final = 0x0600
_NFULA_PAYLOAD: Final = 9
_ARPHRD_80211_RADIOTAP: Final = 803


@part
def enter_frame(row: Any, data: int, position: int, end: int, wire: int, linktype: int) -> tuple[int, int]:
    """The layer a frame starts with and its position; `NOTHING` where the row is closed."""
    if linktype == 1:
        return ETHERNET, position
    if linktype == 101 or linktype == 12 or linktype == 14:
        return IP_BY_VERSION, position
    if linktype == 228:
        return IPV4, position
    if linktype == 229:
        return IPV6, position
    if linktype == 113:
        return _enter_cooked(row, data, position, end, wire)
    if linktype == 276:
        return _enter_cooked_2(row, data, position, end, wire)
    if linktype == 0 or linktype == 108:
        return _enter_loopback(row, data, position, end, wire)
    if linktype == 9 or linktype == 50:
        return _enter_ppp(data, position, end)
    if linktype == 51:
        return _PPPOE_SESSION, position
    if linktype == 104:
        return _enter_hdlc(row, data, position, end, wire)
    if linktype == 105:
        return IEEE_80211, position
    if linktype == 127:
        return _enter_radiotap(row, data, position, end, wire)
    if linktype == 239:
        return _enter_nflog(row, data, position, end, wire)
    return _close(row, _UNKNOWN_LINK, position, end, wire)


@part
def _close(row: Any, status: int, position: int, end: int, wire: int) -> tuple[int, int]:
    end_row(row, status, position, end, wire)
    return NOTHING, position


@part
def _swap16(value: int) -> int:
    return ((value & 0xFF) << 8) | (value >> 8)


@part
def _protocol(row: Any, protocol: int, position: int, end: int, wire: int) -> tuple[int, int]:
    """The protocol field of a Linux cooked header: an ethertype, or 4 for 802.2 frames."""
    if protocol >= _FIRST_ETHERTYPE:
        return protocol, position
    if protocol == 4:
        return LLC, position
    row.ethertype = protocol
    return _close(row, _OTHER, position, end, wire)


@part
def _enter_cooked(row: Any, data: int, position: int, end: int, wire: int) -> tuple[int, int]:
    """LINKTYPE_LINUX_SLL: type, hardware, address length, address of eight bytes, protocol."""
    if end - position < 16:
        return _close(row, _TRUNCATED, position, end, wire)
    if load16(data, position + 4) == 6:
        row.eth_src = load48(data, position + 6)
    return _protocol(row, load16(data, position + 14), position + 16, end, wire)


@part
def _enter_cooked_2(row: Any, data: int, position: int, end: int, wire: int) -> tuple[int, int]:
    """LINKTYPE_LINUX_SLL2: protocol, reserved, interface, hardware, type, address length, address."""
    if end - position < 20:
        return _close(row, _TRUNCATED, position, end, wire)
    if load8(data, position + 11) == 6:
        row.eth_src = load48(data, position + 12)
    if load16(data, position + 8) == _ARPHRD_80211_RADIOTAP:
        return _enter_radiotap(row, data, position + 20, end, wire)
    return _protocol(row, load16(data, position), position + 20, end, wire)


@part
def _enter_loopback(row: Any, data: int, position: int, end: int, wire: int) -> tuple[int, int]:
    """BSD loopback: an address family in either byte order, for the writer's machine is not known."""
    if end - position < 4:
        return _close(row, _TRUNCATED, position, end, wire)
    family = load32(data, position)
    if family > 0xFFFF:
        family = _swap16(family >> 16)
    if family == 2:
        return IPV4, position + 4
    if family == 10 or family == 24 or family == 28 or family == 30:
        return IPV6, position + 4
    return _close(row, _OTHER, position, end, wire)


@part
def _enter_ppp(data: int, position: int, end: int) -> tuple[int, int]:
    """PPP; a direction byte of 0 or 1 may stand where 0xff is expected (written by old pppd)."""
    if end - position >= 4:
        first = load8(data, position)
        if (first == 0 or first == 1) and load16(data, position + 1) == 0xFF03:
            return PPP, position + 1
    return PPP, position


@part
def _enter_hdlc(row: Any, data: int, position: int, end: int, wire: int) -> tuple[int, int]:
    """Cisco HDLC: address, control, ethertype."""
    if end - position < 4:
        return _close(row, _TRUNCATED, position, end, wire)
    return _protocol(row, load16(data, position + 2), position + 4, end, wire)


@part
def _enter_radiotap(row: Any, data: int, position: int, end: int, wire: int) -> tuple[int, int]:
    """Radiotap (https://www.radiotap.org): its little-endian length at byte 2 is all we need."""
    if end - position < 8:
        return _close(row, _TRUNCATED, position, end, wire)
    length = _swap16(load16(data, position + 2))
    if load8(data, position) != 0 or length < 8:
        return _close(row, _MALFORMED, position, end, wire)
    if length > end - position:
        return _close(row, _TRUNCATED, position, end, wire)
    return IEEE_80211, position + length


@part
def _enter_nflog(row: Any, data: int, position: int, end: int, wire: int) -> tuple[int, int]:
    """LINKTYPE_NFLOG: family, version, resource, then values of (length, type) in the writer's byte order."""
    if end - position < 4:
        return _close(row, _TRUNCATED, position, end, wire)
    position += 4
    while end - position >= 4:
        length = load16(data, position)
        kind = load16(data, position + 2)
        if kind > 0xFF:
            length = _swap16(length)
            kind = _swap16(kind)
        if length < 4:
            return _close(row, _MALFORMED, position, end, wire)
        if kind == _NFULA_PAYLOAD:
            return IP_BY_VERSION, position + 4
        position += (length + 3) & ~3
    return _close(row, _TRUNCATED, min(position, end), end, wire)
