"""Rows of `PACKET`, as kernels write them."""

from __future__ import annotations

from typing import Any

from sentinel.decode.compiled import part

__all__ = ["begin_row", "end_row"]


@part
def begin_row(
    row: Any, ts: int, frame: int, parent: int, depth: int, tunnel: int, vlan: int, inner_vlan: int, vpn: int
) -> None:
    """Make `row` an empty packet. Every column is written, for the buffer holds an older batch's rows."""
    row.ts = ts
    row.src_hi = 0
    row.src_lo = 0
    row.dst_hi = 0
    row.dst_lo = 0
    row.network = -1
    row.payload = 0
    row.payload_len = 0
    row.payload_wire = 0
    row.ip_len = 0
    row.seq = 0
    row.ack = 0
    row.frame = frame
    row.parent = parent
    row.fragment_id = 0
    row.fragment_offset = 0
    row.src_port = 0
    row.dst_port = 0
    row.window = 0
    row.ethertype = 0
    row.vlan = vlan
    row.inner_vlan = inner_vlan
    row.proto = 0
    row.ip_version = 0
    row.ttl = 0
    row.tcp_flags = 0
    row.status = 0
    row.tunnel = tunnel
    row.fragment = 0
    row.bad_checksum = 0
    row.buffer = 0
    row.depth = depth
    row.eth_src = 0
    row.eth_dst = 0
    row.carries = 0
    row.vpn = vpn


@part
def end_row(row: Any, status: int, position: int, end: int, wire: int) -> None:
    """Close `row` with `status`; its payload is what stands at `position`.

    `end`: end of the captured bytes. `wire`: where the bytes on the wire would end.
    """
    row.status = status
    row.payload = position
    row.payload_len = max(end - position, 0)
    row.payload_wire = max(wire - position, 0)
