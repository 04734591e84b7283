"""Community ID v1 (https://github.com/corelight/community-id-spec): one id for a flow in every tool."""

from __future__ import annotations

import base64
import hashlib
import struct

__all__ = ["community_id"]

_V4 = struct.Struct("!H4s4sBBHH")
_V6 = struct.Struct("!H16s16sBBHH")
_V4_BARE = struct.Struct("!H4s4sBB")
_V6_BARE = struct.Struct("!H16s16sBB")
_WITH_PORTS = frozenset({1, 6, 17, 58, 132})
_TWO_WAY_ICMP = frozenset({0, 8, 9, 10, 13, 14, 15, 16, 17, 18})
_TWO_WAY_ICMP6 = frozenset({128, 129, 130, 131, 133, 134, 135, 136, 139, 140, 144, 145})


def community_id(
    source: bytes, destination: bytes, source_port: int, destination_port: int, proto: int
) -> str:
    """Id of the flow between two packed addresses (4 or 16 bytes); for ICMP the ports are type and answering type."""
    one_way = (proto == 1 and source_port not in _TWO_WAY_ICMP) or (
        proto == 58 and source_port not in _TWO_WAY_ICMP6
    )
    if not one_way and (source, source_port) > (destination, destination_port):
        source, destination = destination, source
        source_port, destination_port = destination_port, source_port
    if proto in _WITH_PORTS:
        layout = _V4 if len(source) == 4 else _V6
        packed = layout.pack(0, source, destination, proto, 0, source_port, destination_port)
    else:
        packed = (_V4_BARE if len(source) == 4 else _V6_BARE).pack(0, source, destination, proto, 0)
    return "1:" + base64.b64encode(hashlib.sha1(packed, usedforsecurity=False).digest()).decode("ascii")
