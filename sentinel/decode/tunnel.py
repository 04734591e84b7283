"""What an IP packet carries: GRE, ERSPAN, IP-in-IP, VXLAN, Geneve, GTP-U, Teredo.

Each reader takes the bytes behind the carrier's header and returns the layer inside and its position, or
`NOTHING` where the bytes are not that tunnel's. Lengths that a header names are compared with the wire's
end, what is read with the captured end.
"""

from __future__ import annotations

from typing import Final

from sentinel.decode.compiled import part
from sentinel.decode.layer import ETHERNET, IEEE_80211, IP_BY_VERSION, IPV4, IPV6, NOTHING, PPP
from sentinel.decode.load import load8, load16, load32
from sentinel.decode.packet import Tunnel, Vpn

__all__ = ["is_teredo_between_peers", "read_gre", "read_udp_tunnel", "vpn_of_carried"]

_NONE: Final = int(Tunnel.NONE)
_GRE: Final = int(Tunnel.GRE)
_VXLAN: Final = int(Tunnel.VXLAN)
_GENEVE: Final = int(Tunnel.GENEVE)
_GTPV1: Final = int(Tunnel.GTPV1)
_TEREDO: Final = int(Tunnel.TEREDO)
_ERSPAN: Final = int(Tunnel.ERSPAN)
_VNI: Final = Vpn.VNI.column(0)
_GRE_KEY: Final = Vpn.GRE_KEY.column(0)

_BRIDGED: Final = 0x6558
_PPP_IN_GRE: Final = 0x880B
_ERSPAN_1_2: Final = 0x88BE
_ERSPAN_3: Final = 0x22EB
_WCCP: Final = 0x883E
_ARUBA: Final = 0x8200
_FIRST_ETHERTYPE: Final = 0x0600
_G_PDU: Final = 0xFF
_TEREDO_PREFIX: Final = 0x20010000


@part
def read_gre(data: int, position: int, end: int) -> tuple[int, int, int]:
    """RFC 2784, RFC 2890, source routes of RFC 1701, version 1 of RFC 2637. Returns layer, position, Tunnel."""
    if end - position < 4:
        return NOTHING, position, _NONE
    flags = load16(data, position)
    kind = load16(data, position + 2)
    version = flags & 7
    sequenced = flags & 0x1000
    if version == 1:
        # PPTP: without a sequence number it is a bare acknowledgement.
        if kind != _PPP_IN_GRE or not flags & 0x2000 or not sequenced:
            return NOTHING, position, _NONE
        position += 12 + (4 if flags & 0x0080 else 0)
        return (PPP, position, _GRE) if position < end else (NOTHING, position, _NONE)
    if version != 0:
        return NOTHING, position, _NONE
    position += 4
    position += 4 if flags & 0xC000 else 0
    position += 4 if flags & 0x2000 else 0
    position += 4 if sequenced else 0
    if flags & 0x4000:
        position = _skip_routes(data, position, end)
    if position >= end:
        return NOTHING, position, _NONE
    return _carried_by_gre(data, position, end, kind, sequenced)


@part
def _skip_routes(data: int, position: int, end: int) -> int:
    """Source route entries of RFC 1701, until the empty one."""
    while end - position >= 4:
        size = load8(data, position + 3)
        last = load16(data, position) == 0 and size == 0
        position += 4 + size
        if last:
            return position
    return end


@part
def _carried_by_gre(data: int, position: int, end: int, kind: int, sequenced: int) -> tuple[int, int, int]:
    tunnel = _GRE
    layer = kind
    if kind == _BRIDGED:
        layer = ETHERNET
    elif kind == _ERSPAN_1_2:
        # Type I has neither sequence number nor a header of its own.
        position += 8 if sequenced else 0
        layer = ETHERNET
        tunnel = _ERSPAN
    elif kind == _ERSPAN_3:
        if end - position < 12:
            return NOTHING, position, _NONE
        position += 20 if load8(data, position + 11) & 1 else 12
        layer = ETHERNET
        tunnel = _ERSPAN
    elif kind == _PPP_IN_GRE:
        layer = PPP
    elif kind == _ARUBA:
        layer = IEEE_80211
    elif kind == _WCCP:
        # Version 2 puts a redirect header of four bytes before the packet.
        position += 0 if load8(data, position) >> 4 == 4 else 4
        layer = IPV4
    elif kind < _FIRST_ETHERTYPE:
        return NOTHING, position, _NONE
    if position >= end:
        return NOTHING, position, _NONE
    return layer, position, tunnel


@part
def read_udp_tunnel(data: int, position: int, end: int, wire: int, tunnel: int) -> tuple[int, int]:
    """The tunnel that a port promises, where the bytes agree."""
    if tunnel == _VXLAN:
        return _read_vxlan(data, position, end)
    if tunnel == _GENEVE:
        return _read_geneve(data, position, end)
    if tunnel == _GTPV1:
        return _read_gtp(data, position, end, wire)
    if tunnel == _TEREDO:
        return _read_teredo(data, position, end, wire)
    return NOTHING, position


@part
def _read_vxlan(data: int, position: int, end: int) -> tuple[int, int]:
    """RFC 7348 §5: the I flag, a network identifier, an Ethernet frame. Group policy (G, D, A) may be there."""
    if end - position < 8 + 14:
        return NOTHING, position
    if load8(data, position) & 0x7F != 0x08 or load8(data, position + 7) != 0:
        return NOTHING, position
    return ETHERNET, position + 8


@part
def _read_geneve(data: int, position: int, end: int) -> tuple[int, int]:
    """RFC 8926 §3.4: version 0, options in words, the protocol as an ethertype."""
    if end - position < 8:
        return NOTHING, position
    first = load8(data, position)
    kind = load16(data, position + 2)
    inside = position + 8 + (first & 0x3F) * 4
    if first >> 6 != 0 or load8(data, position + 7) != 0 or inside >= end:
        return NOTHING, position
    if kind == _BRIDGED:
        return ETHERNET, inside
    if kind == IPV4 or kind == IPV6:
        return kind, inside
    return NOTHING, position


@part
def _read_gtp(data: int, position: int, end: int, wire: int) -> tuple[int, int]:
    """3GPP TS 29.281 §5.1: version 1, protocol type GTP, message G-PDU; extension headers in words."""
    if end - position < 8:
        return NOTHING, position
    flags = load8(data, position)
    if flags & 0xF0 != 0x30 or load8(data, position + 1) != _G_PDU:
        return NOTHING, position
    if load16(data, position + 2) > wire - position - 8:
        return NOTHING, position
    following = 0
    if flags & 7:
        if end - position < 12:
            return NOTHING, position
        if flags & 4:
            following = load8(data, position + 11)
        position += 4
    position += 8
    while following != 0:
        if end - position < 4:
            return NOTHING, position
        size = load8(data, position) * 4
        if size == 0 or size > end - position:
            return NOTHING, position
        following = load8(data, position + size - 1)
        position += size
    if end - position < 20:
        return NOTHING, position
    version = load8(data, position) >> 4
    if version != 4 and version != 6:
        return NOTHING, position
    return IP_BY_VERSION, position


@part
def is_teredo_between_peers(data: int, position: int, end: int, wire: int) -> bool:
    """RFC 4380 §5.2: peers and relays speak from any port to any port. A whole IPv6 packet to or from 2001:0::/32."""
    return (
        end - position >= 40
        and load8(data, position) >> 4 == 6
        and 40 + load16(data, position + 4) == wire - position
        and (load32(data, position + 8) == _TEREDO_PREFIX or load32(data, position + 24) == _TEREDO_PREFIX)
    )


@part
def _read_teredo(data: int, position: int, end: int, wire: int) -> tuple[int, int]:
    """RFC 4380 §5.1.1: authentication and origin may stand before the IPv6 packet."""
    if end - position >= 4 and load16(data, position) == 1:
        position += 13 + load8(data, position + 2) + load8(data, position + 3)
    if end - position >= 8 and load16(data, position) == 0:
        position += 8
    if end - position < 40 or load8(data, position) >> 4 != 6:
        return NOTHING, position
    if 40 + load16(data, position + 4) > wire - position:
        return NOTHING, position
    return IPV6, position


@part
def vpn_of_carried(data: int, position: int, tunnel: int) -> int:
    """Column `vpn` of what `tunnel`, whose header at `position` has been read, carries; 0 where it names none.

    A call of PPTP and a session of ERSPAN are no networks, and an endpoint of GTP-U is another in each direction.
    """
    if tunnel == _VXLAN or tunnel == _GENEVE:
        return int(_VNI | load32(data, position + 4) >> 8)
    if tunnel == _GRE:
        flags = load16(data, position)
        if flags & 0x2007 == 0x2000:
            return int(_GRE_KEY | load32(data, position + (8 if flags & 0xC000 else 4)))
    return 0
