"""The kernel: frames of a batch into rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from sentinel.decode.checksum import verify_transport
from sentinel.decode.compiled import kernel, part
from sentinel.decode.frame import enter_frame
from sentinel.decode.layer import ARP, IPV4, IPV6, NOTHING
from sentinel.decode.link import read_link, set_tag
from sentinel.decode.load import load8
from sentinel.decode.network import NO_PROTOCOL, read_arp, read_ipv4, read_ipv6
from sentinel.decode.packet import FragmentFlag, Status, Tunnel
from sentinel.decode.reassembly import ROOM, take_fragment
from sentinel.decode.row import begin_row, end_row
from sentinel.decode.stamp import source_stamp
from sentinel.decode.transport import read_transport
from sentinel.decode.tunnel import is_teredo_between_peers, read_gre, read_udp_tunnel, vpn_of_carried

__all__ = ["decode_frames"]

_OK: Final = int(Status.OK)
_CARRIER: Final = int(Status.CARRIER)
_FRAGMENT: Final = int(Status.FRAGMENT)
_TOO_DEEP: Final = int(Status.TOO_DEEP)
_REASSEMBLED: Final = int(FragmentFlag.REASSEMBLED)
_IP_TUNNEL: Final = int(Tunnel.IP)
_NO_TUNNEL: Final = int(Tunnel.NONE)
_TEREDO: Final = int(Tunnel.TEREDO)
_IPIP: Final = 4
_UDP: Final = 17
_IPV6_IN_IP: Final = 41
_GRE: Final = 47


@part
def _read_packet(
    row: Any,
    data: int,
    position: int,
    end: int,
    wire: int,
    layer: int,
    tags: int,
    ports: int,
    checksums: bool,
) -> tuple[int, int, int, int]:
    """Fill `row` with the packet at `position`; return the layer it carries, its position and ends."""
    layer, position, end, wire = read_link(row, data, position, end, wire, layer, tags)
    if layer == NOTHING:
        return NOTHING, position, end, wire
    if layer == ARP:
        read_arp(row, data, position, end, wire)
        return NOTHING, position, end, wire
    if layer == IPV4:
        protocol, position, end, wire = read_ipv4(row, data, position, end, wire, checksums)
    else:
        protocol, position, end, wire = read_ipv6(row, data, position, end, wire)
    if protocol == NO_PROTOCOL:
        return NOTHING, position, end, wire
    read_transport(row, data, position, end, wire, protocol)
    if row.status != _OK:
        return NOTHING, position, end, wire
    if checksums:
        verify_transport(row, data, position, end, wire, protocol)
    if row.bad_checksum:
        return NOTHING, position, end, wire
    if protocol == _UDP or protocol == _GRE or protocol == _IPIP or protocol == _IPV6_IN_IP:
        return _read_carried(row, data, end, wire, protocol, ports)
    return NOTHING, position, end, wire


@part
def _read_carried(
    row: Any, data: int, end: int, wire: int, protocol: int, ports: int
) -> tuple[int, int, int, int]:
    """What is inside a packet that may be a carrier."""
    position = row.payload
    end = min(end, position + row.payload_len)
    wire = min(wire, position + row.payload_wire)
    layer = NOTHING
    tunnel = _NO_TUNNEL
    if protocol == _UDP:
        tunnel = load8(ports, row.dst_port)
        if tunnel == _NO_TUNNEL:
            tunnel = load8(ports, row.src_port)
        if tunnel != _NO_TUNNEL:
            layer, position = read_udp_tunnel(data, position, end, wire, tunnel)
        elif is_teredo_between_peers(data, position, end, wire):
            layer = IPV6
            tunnel = _TEREDO
    elif protocol == _GRE:
        layer, position, tunnel = read_gre(data, position, end)
    elif end > position:
        tunnel = _IP_TUNNEL
        layer = IPV4 if protocol == _IPIP else IPV6
    if layer != NOTHING:
        row.carries = tunnel
        if protocol != _UDP:
            row.status = _CARRIER
    return layer, position, end, wire


@part
def _begin_whole(row: Any) -> None:
    """Make the row of the fragment that completed a datagram the row of the datagram, which lies in the spill buffer."""
    source = row.eth_src
    target = row.eth_dst
    begin_row(row, row.ts, row.frame, row.parent, row.depth, row.tunnel, row.vlan, row.inner_vlan, row.vpn)
    row.eth_src = source
    row.eth_dst = target
    row.buffer = 1
    row.fragment = _REASSEMBLED


@part
def _read_cut_fragment(row: Any, data: int) -> None:
    """A first fragment that the capture cut short: all there will ever be of its datagram, so its ports count."""
    position = row.payload
    read_transport(row, data, position, position + row.payload_len, position + row.payload_wire, row.proto)


def _compile(stamp: int) -> Callable[..., tuple[int, int, int]]:
    """The kernel. `stamp` is a cell of it, so that a change in any file it is made of misses numba's cache."""

    @kernel
    def decode_frames(
        data: Any,
        offset: Any,
        caplen: Any,
        wirelen: Any,
        ts: Any,
        linktype: Any,
        vlan: Any,
        ports: Any,
        max_depth: int,
        checksums: bool,
        datagrams: Any,
        rows: Any,
        spill: Any,
        frame: int,
        count: int,
        spilled: int,
    ) -> tuple[int, int, int]:
        """Decode frames from number `frame` on into `rows` from row `count` on, until either ends.

        `ports`: `Tunnel` of each UDP port. `datagrams`: what waits for its fragments; what they complete is
        written to `spill` from byte `spilled` on, and decoded in the place of the fragment that completed it.
        Returns the next frame, the next row, and the bytes of `spill` in use. Stops early where `rows` or
        `spill` may not hold the next frame's packets.
        """
        tunnels = ports.ctypes.data
        whole = spill.ctypes.data
        if stamp < 0:
            return -1, -1, -1
        frames = len(offset)
        room = len(spill) - (max_depth + 2) * ROOM
        while frame < frames and count + max_depth + 2 <= len(rows) and spilled <= room:
            block = data.ctypes.data
            position = min(max(offset[frame], 0), data.size)
            end = min(position + max(caplen[frame], 0), data.size)
            wire = max(end, position + wirelen[frame])
            layer = NOTHING
            depth = 0
            tags = 0
            while True:
                row = rows[count]
                if depth == 0:
                    begin_row(row, ts[frame], frame, -1, 0, 0, -1, -1, 0)
                    if vlan[frame] >= 0:
                        tags = set_tag(row, vlan[frame] & 0x0FFF, tags)
                    layer, position = enter_frame(row, block, position, end, wire, np.int64(linktype[frame]))  # type: ignore[arg-type]
                else:
                    outer = rows[count - 1]
                    vpn = vpn_of_carried(block, outer.payload, outer.carries)
                    if vpn == 0:
                        vpn = outer.vpn
                    begin_row(
                        row,
                        ts[frame],
                        frame,
                        count - 1,
                        depth,
                        outer.carries,
                        outer.vlan,
                        outer.inner_vlan,
                        vpn,
                    )
                    row.buffer = outer.buffer
                    tags = 0
                    if depth > max_depth:
                        end_row(row, _TOO_DEEP, position, end, wire)
                        layer = NOTHING
                if layer != NOTHING:
                    layer, position, end, wire = _read_packet(
                        row, block, position, end, wire, layer, tags, tunnels, checksums
                    )
                if row.status == _FRAGMENT and not row.bad_checksum:
                    length = take_fragment(datagrams, row, block, whole + spilled)
                    if length > 0:
                        layer = IPV4 if row.ip_version == 4 else IPV6
                        block = whole
                        position = spilled
                        end = wire = spilled = spilled + length
                        _begin_whole(row)
                        layer, position, end, wire = _read_packet(
                            row, block, position, end, wire, layer, tags, tunnels, checksums
                        )
                    elif row.fragment_offset == 0 and row.payload_len < row.payload_wire:
                        _read_cut_fragment(row, block)
                count += 1
                depth += 1
                if layer == NOTHING:
                    break
            frame += 1
        return frame, count, spilled

    return decode_frames


decode_frames: Final = _compile(source_stamp(Path(__file__).parent))
