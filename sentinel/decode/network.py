"""Network headers: IPv4, IPv6 and its extension headers, ARP."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from sentinel.decode.checksum import add_words, is_wrong
from sentinel.decode.compiled import part
from sentinel.decode.load import load8, load16, load32, load64
from sentinel.decode.packet import FragmentFlag, Status
from sentinel.decode.row import end_row

__all__ = ["NO_PROTOCOL", "read_arp", "read_ipv4", "read_ipv6"]

NO_PROTOCOL: Final = -1
"""No transport header follows: the row is closed."""

_ARP: Final = int(Status.ARP)
_FRAGMENT_STATUS: Final = int(Status.FRAGMENT)
_OTHER: Final = int(Status.OTHER)
_TRUNCATED: Final = int(Status.TRUNCATED)
_MALFORMED: Final = int(Status.MALFORMED)
_FRAGMENT: Final = int(FragmentFlag.FRAGMENT)
_MORE: Final = int(FragmentFlag.MORE)
_MAPPED: Final = np.uint64(0x0000FFFF00000000)

_HOP_BY_HOP: Final = 0
_TCP: Final = 6
_ROUTING: Final = 43
_FRAGMENT_HEADER: Final = 44
_AUTHENTICATION: Final = 51
_NO_NEXT: Final = 59
_DESTINATION: Final = 60
_MOBILITY: Final = 135
_HOST_IDENTITY: Final = 139
_SHIM6: Final = 140


@part
def _close(row: Any, status: int, position: int, end: int, wire: int) -> tuple[int, int, int, int]:
    end_row(row, status, position, end, wire)
    return NO_PROTOCOL, position, end, wire


@part
def _mapped(data: int, position: int) -> Any:
    """An IPv4 address as the lower half of ::ffff:a.b.c.d."""
    return np.uint64(load32(data, position)) | _MAPPED


@part
def read_ipv4(
    row: Any, data: int, position: int, end: int, wire: int, checksums: bool
) -> tuple[int, int, int, int]:
    """RFC 791 §3.1. Returns protocol, where its header starts, and the packet's captured and wire ends."""
    if end - position < 20:
        return _close(row, _TRUNCATED, position, end, wire)
    first = load8(data, position)
    header = (first & 15) * 4
    length = load16(data, position + 2)
    if length == 0:
        # Segmentation offload leaves the length to the network card; the frame's end is the packet's.
        length = wire - position
    if first >> 4 != 4 or header < 20 or length < header:
        return _close(row, _MALFORMED, position, end, wire)
    row.network = position
    row.ip_version = 4
    row.ip_len = length
    row.ttl = load8(data, position + 8)
    protocol = load8(data, position + 9)
    row.proto = protocol
    row.src_lo = _mapped(data, position + 12)
    row.dst_lo = _mapped(data, position + 16)
    wire = position + length
    end = min(end, wire)
    if end - position < header:
        return _close(row, _TRUNCATED, position, end, wire)
    if checksums and is_wrong(add_words(data, position, position + header, 0)):
        row.bad_checksum = 1
    pieces = load16(data, position + 6)
    position += header
    if pieces & 0x3FFF:
        row.fragment_id = load16(data, position - header + 4)
        row.fragment_offset = (pieces & 0x1FFF) * 8
        row.fragment = _FRAGMENT | (_MORE if pieces & 0x2000 else 0)
        return _close(row, _FRAGMENT_STATUS, position, end, wire)
    return protocol, position, end, wire


@part
def read_ipv6(row: Any, data: int, position: int, end: int, wire: int) -> tuple[int, int, int, int]:
    """RFC 8200 §3 and §4. Returns as `read_ipv4` does.

    Behind a routing header the final destination counts as `dst`, as in Zeek.
    """
    if end - position < 40:
        return _close(row, _TRUNCATED, position, end, wire)
    length = load16(data, position + 4)
    protocol = load8(data, position + 6)
    if load8(data, position) >> 4 != 6:
        return _close(row, _MALFORMED, position, end, wire)
    row.network = position
    row.ip_version = 6
    row.ttl = load8(data, position + 7)
    row.src_hi = load64(data, position + 8)
    row.src_lo = load64(data, position + 16)
    row.dst_hi = load64(data, position + 24)
    row.dst_lo = load64(data, position + 32)
    if length != 0 or not (protocol == _TCP or protocol == _HOP_BY_HOP):
        # Otherwise a jumbogram (RFC 2675) or segmentation offload: the frame's end is the packet's.
        wire = position + 40 + length
    row.ip_len = wire - position
    end = min(end, wire)
    position += 40
    if protocol != _TCP:
        protocol, position = _read_extensions(row, data, position, end, wire, protocol)
    if protocol != NO_PROTOCOL:
        row.proto = protocol
    return protocol, position, end, wire


@part
def _read_extensions(
    row: Any, data: int, position: int, end: int, wire: int, protocol: int
) -> tuple[int, int]:
    """Walk the extension headers: the upper protocol and where it starts. Each consumes eight bytes or more."""
    while (
        protocol == _HOP_BY_HOP
        or protocol == _DESTINATION
        or protocol == _ROUTING
        or protocol == _FRAGMENT_HEADER
        or protocol == _AUTHENTICATION
        or protocol == _MOBILITY
        or protocol == _HOST_IDENTITY
        or protocol == _SHIM6
    ):
        row.proto = protocol
        status = _TRUNCATED if wire > end else _MALFORMED
        if end - position < 8:
            end_row(row, status, position, end, wire)
            return NO_PROTOCOL, position
        following = load8(data, position)
        units = load8(data, position + 1)
        if protocol == _FRAGMENT_HEADER:
            size = 8
        elif protocol == _AUTHENTICATION:
            size = (units + 2) * 4
        else:
            size = (units + 1) * 8
        if end - position < size:
            end_row(row, status, position, end, wire)
            return NO_PROTOCOL, position
        if protocol == _FRAGMENT_HEADER:
            pieces = load16(data, position + 2)
            if pieces & 0xFFF9:
                row.proto = following
                row.fragment_id = load32(data, position + 4)
                row.fragment_offset = pieces & 0xFFF8
                row.fragment = _FRAGMENT | (_MORE if pieces & 1 else 0)
                end_row(row, _FRAGMENT_STATUS, position + 8, end, wire)
                return NO_PROTOCOL, position
        elif protocol == _ROUTING:
            _read_route(row, data, position, size)
        position += size
        if protocol == _MOBILITY and following == _NO_NEXT:
            # Mobility carries nothing behind it (RFC 6275 §6.1.1): it is the upper protocol itself.
            return _MOBILITY, position - size
        protocol = following
    return protocol, position


@part
def _read_route(row: Any, data: int, position: int, size: int) -> None:
    """The final destination of a routing header: types 0 and 2 name it last, type 4 (RFC 8754) first."""
    kind = load8(data, position + 2)
    if load8(data, position + 3) == 0 or size < 24:
        return
    if kind == 0 or kind == 2:
        position += size - 16
    elif kind == 4:
        position += 8
    else:
        return
    row.dst_hi = load64(data, position)
    row.dst_lo = load64(data, position + 8)


@part
def read_arp(row: Any, data: int, position: int, end: int, wire: int) -> None:
    """RFC 826 over Ethernet and IPv4: protocol addresses as `src` and `dst`, the operation as `src_port`."""
    if end - position < 8:
        end_row(row, _TRUNCATED, position, end, wire)
        return
    hardware = load16(data, position)
    sizes = load16(data, position + 4)
    if (hardware != 1 and hardware != 6) or load16(data, position + 2) != 0x0800 or sizes != 0x0604:
        end_row(row, _OTHER, position, end, wire)
        return
    if end - position < 28:
        end_row(row, _TRUNCATED, position, end, wire)
        return
    row.network = position
    row.src_lo = _mapped(data, position + 14)
    row.dst_lo = _mapped(data, position + 24)
    row.src_port = load16(data, position + 6)
    end_row(row, _ARP, position, position + 28, position + 28)
