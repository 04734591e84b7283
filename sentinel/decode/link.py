"""Link headers, down to the network layer: Ethernet, VLAN tags, LLC/SNAP, MPLS, PPPoE, PPP."""

from __future__ import annotations

from typing import Any, Final

from sentinel.decode.compiled import part
from sentinel.decode.layer import (
    ARP,
    ETHERNET,
    IEEE_80211,
    IP_BY_VERSION,
    IPV4,
    IPV6,
    LLC,
    NOTHING,
    PPP,
)
from sentinel.decode.load import load8, load16, load32, load48
from sentinel.decode.packet import Status, Vpn
from sentinel.decode.row import end_row
from sentinel.decode.wireless import read_80211

__all__ = ["read_link", "set_tag"]

_OTHER: Final = int(Status.OTHER)
_TRUNCATED: Final = int(Status.TRUNCATED)
_MALFORMED: Final = int(Status.MALFORMED)
_TOO_DEEP: Final = int(Status.TOO_DEEP)

_CVLAN: Final = 0x8100
_SVLAN: Final = 0x88A8
_OLD_SVLAN: Final = 0x9100
_MAX_TAGS: Final = 3
_VNTAG: Final = 0x8926
_MPLS: Final = 0x8847
_MPLS_UPSTREAM: Final = 0x8848
_LABEL: Final = Vpn.LABEL.column(0)
_FIRST_LABEL: Final = 16
_ENTROPY_INDICATOR: Final = 7
_PPPOE_SESSION: Final = 0x8864
_FIRST_ETHERTYPE: Final = 0x0600


@part
def set_tag(row: Any, identifier: int, tags: int) -> int:
    """Note VLAN `identifier` as the `tags`-th of this frame; return how many there are now.

    Identifier 0 is a priority tag and names no VLAN (IEEE 802.1Q §9.6).
    """
    if identifier == 0:
        return tags
    if tags == 0:
        row.vlan = identifier
        row.inner_vlan = -1
    elif tags == 1:
        row.inner_vlan = identifier
    return tags + 1


@part
def read_link(
    row: Any, data: int, position: int, end: int, wire: int, layer: int, tags: int
) -> tuple[int, int, int, int]:
    """Walk link headers from `layer` at `position` until IPv4, IPv6 or ARP stands next.

    Returns the layer (`NOTHING` where the row is closed), its position, and the new ends of captured and
    wire bytes. Every turn of the loop either consumes bytes or ends, so it is bounded by the frame.
    """
    headers = 0
    while True:
        if layer == IPV4 or layer == IPV6 or layer == ARP:
            break
        if layer == ETHERNET:
            if end - position < 14:
                end_row(row, _TRUNCATED, position, end, wire)
                return NOTHING, position, end, wire
            row.eth_dst = load48(data, position)
            row.eth_src = load48(data, position + 6)
            layer = load16(data, position + 12)
            position += 14
            if layer < _FIRST_ETHERTYPE:
                wire = min(wire, position + layer)
                end = min(end, wire)
                layer = LLC
        elif layer == _CVLAN or layer == _SVLAN or layer == _OLD_SVLAN:
            headers += 1
            if end - position < 4:
                return _close(row, _TRUNCATED, layer, position, end, wire)
            if headers > _MAX_TAGS:
                return _close(row, _TOO_DEEP, layer, position, end, wire)
            tags = set_tag(row, load16(data, position) & 0x0FFF, tags)
            layer = load16(data, position + 2)
            position += 4
            if layer < _FIRST_ETHERTYPE:
                wire = min(wire, position + layer)
                end = min(end, wire)
                layer = LLC
        elif layer == IP_BY_VERSION:
            if end - position < 1:
                return _close(row, _TRUNCATED, 0, position, end, wire)
            version = load8(data, position) >> 4
            if version == 4:
                layer = IPV4
            elif version == 6:
                layer = IPV6
            else:
                return _close(row, _MALFORMED, 0, position, end, wire)
        else:
            layer, position, end, wire = _read_rare(row, data, position, end, wire, layer)
            if layer == NOTHING:
                return NOTHING, position, end, wire
    row.ethertype = layer
    return layer, position, end, wire


@part
def _close(
    row: Any, status: int, ethertype: int, position: int, end: int, wire: int
) -> tuple[int, int, int, int]:
    row.ethertype = ethertype
    end_row(row, status, position, end, wire)
    return NOTHING, position, end, wire


@part
def _read_rare(
    row: Any, data: int, position: int, end: int, wire: int, layer: int
) -> tuple[int, int, int, int]:
    """One of the less common link headers: the layer after it, its position and ends."""
    if layer == LLC:
        return _read_llc(row, data, position, end, wire)
    if layer == PPP:
        return _read_ppp(row, data, position, end, wire)
    if layer == _MPLS or layer == _MPLS_UPSTREAM:
        return _read_mpls(row, data, position, end, wire, layer)
    if layer == _PPPOE_SESSION:
        return _read_pppoe(row, data, position, end, wire)
    if layer == IEEE_80211:
        return read_80211(row, data, position, end, wire)
    if layer == _VNTAG:
        if end - position < 6:
            return _close(row, _TRUNCATED, layer, position, end, wire)
        return _next_type(row, load16(data, position + 4), position + 6, end, wire)
    return _close(row, _OTHER, layer, position, end, wire)


@part
def _next_type(row: Any, ethertype: int, position: int, end: int, wire: int) -> tuple[int, int, int, int]:
    """Go on with `ethertype`, unless it is too small to be one."""
    if ethertype < _FIRST_ETHERTYPE:
        return _close(row, _OTHER, ethertype, position, end, wire)
    return ethertype, position, end, wire


@part
def _read_llc(row: Any, data: int, position: int, end: int, wire: int) -> tuple[int, int, int, int]:
    """IEEE 802.2, and SNAP of RFC 1042. A frame we do not read keeps its DSAP as its ethertype."""
    if end - position < 3:
        return _close(row, _TRUNCATED, 0, position, end, wire)
    sap = load8(data, position)
    if sap == 0xAA and load8(data, position + 1) == 0xAA:
        if end - position < 8:
            return _close(row, _TRUNCATED, sap, position, end, wire)
        organisation = load32(data, position + 2) & 0xFFFFFF
        ethertype = load16(data, position + 6)
        if organisation == 0 or organisation == 0x0000F8:
            return _next_type(row, ethertype, position + 8, end, wire)
        return _close(row, _OTHER, ethertype, position + 8, end, wire)
    if sap == 0x06 and load8(data, position + 1) == 0x06:
        return IPV4, position + 3, end, wire
    return _close(row, _OTHER, sap, position, end, wire)


@part
def _read_ppp(row: Any, data: int, position: int, end: int, wire: int) -> tuple[int, int, int, int]:
    """PPP with or without address and control, protocol of one or two bytes (RFC 1661 §6.5)."""
    start = position
    if end - position >= 2 and load16(data, position) == 0xFF03:
        position += 2
    if end - position < 1:
        return _close(row, _TRUNCATED, 0, start, end, wire)
    protocol = load8(data, position)
    if protocol & 1:
        position += 1
    else:
        if end - position < 2:
            return _close(row, _TRUNCATED, 0, start, end, wire)
        protocol = load16(data, position)
        position += 2
    if protocol == 0x0021:
        return IPV4, position, end, wire
    if protocol == 0x0057:
        return IPV6, position, end, wire
    if protocol == 0x0281 or protocol == 0x0283:
        return _MPLS, position, end, wire
    return _close(row, _OTHER, protocol, position, end, wire)


@part
def _read_pppoe(row: Any, data: int, position: int, end: int, wire: int) -> tuple[int, int, int, int]:
    """RFC 2516 §4: version 1, type 1, code 0, session, length."""
    if end - position < 6:
        return _close(row, _TRUNCATED, _PPPOE_SESSION, position, end, wire)
    if load16(data, position) != 0x1100:
        return _close(row, _MALFORMED, _PPPOE_SESSION, position, end, wire)
    length = load16(data, position + 4)
    position += 6
    wire = min(wire, position + length)
    return PPP, position, min(end, wire), wire


@part
def _read_mpls(
    row: Any, data: int, position: int, end: int, wire: int, layer: int
) -> tuple[int, int, int, int]:
    """A label stack (RFC 3032). What it carries is told by the first four bits, as RFC 4928 arranged.

    The last label that is neither reserved nor for spreading load (RFC 6790) names the VPN.
    """
    former = 0
    while True:
        if end - position < 4:
            return _close(row, _TRUNCATED, layer, position, end, wire)
        entry = load32(data, position)
        label = entry >> 12
        if label >= _FIRST_LABEL and former != _ENTROPY_INDICATOR:
            row.vpn = _LABEL | label
        former = label
        position += 4
        if entry & 0x100:
            break
    if end - position < 1:
        return _close(row, _TRUNCATED, layer, position, end, wire)
    nibble = load8(data, position) >> 4
    if nibble == 4 or nibble == 6:
        return IP_BY_VERSION, position, end, wire
    if nibble == 0 and _is_ethernet(data, position + 4, end):
        # RFC 4448 §4.6: a control word before the Ethernet frame of a pseudowire.
        return ETHERNET, position + 4, end, wire
    if _is_ethernet(data, position, end):
        return ETHERNET, position, end, wire
    return _close(row, _OTHER, layer, position, end, wire)


@part
def _is_ethernet(data: int, position: int, end: int) -> bool:
    """Do the bytes look like an Ethernet frame of a protocol we read?"""
    if end - position < 14:
        return False
    ethertype = load16(data, position + 12)
    return bool(
        ethertype == IPV4
        or ethertype == IPV6
        or ethertype == ARP
        or ethertype == _CVLAN
        or ethertype == _SVLAN
    )
