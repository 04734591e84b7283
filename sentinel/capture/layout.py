"""The kernel's packet ring interface (TPACKET_V3): numbers and layouts of linux/if_packet.h."""

from __future__ import annotations

import struct
from typing import Final

ETH_P_ALL: Final = 0x0003
SOL_PACKET: Final = 263
PACKET_ADD_MEMBERSHIP: Final = 1
PACKET_RX_RING: Final = 5
PACKET_STATISTICS: Final = 6
PACKET_VERSION: Final = 10
PACKET_FANOUT: Final = 18
TPACKET_V3: Final = 2
PACKET_MR_PROMISC: Final = 1
FANOUT_HASH: Final = 0
FANOUT_FLAG_DEFRAG: Final = 0x8000
SO_ATTACH_FILTER: Final = 26

STATUS_USER: Final = 1
"""Block or frame belongs to the reader."""
STATUS_VLAN_VALID: Final = 1 << 4

REQUEST: Final = struct.Struct("IIIIIII")
"""tpacket_req3: block size, blocks, frame size, frames, retire time-out (ms), private bytes, features."""
MEMBERSHIP: Final = struct.Struct("iHH8s")
"""packet_mreq: interface, type, address length, address."""
STATISTICS: Final = struct.Struct("III")
"""tpacket_stats_v3: packets (drops included), drops, freezes; reading resets them."""

# offsets in a block (tpacket_block_desc with tpacket_hdr_v1)
BLOCK_STATUS: Final = 8
BLOCK_PACKETS: Final = 12
BLOCK_FIRST: Final = 16
BLOCK_LENGTH: Final = 20

# offsets in a frame (tpacket3_hdr)
FRAME_NEXT: Final = 0
FRAME_SECONDS: Final = 4
FRAME_NANOSECONDS: Final = 8
FRAME_SNAPLEN: Final = 12
FRAME_LENGTH: Final = 16
FRAME_STATUS: Final = 20
FRAME_MAC: Final = 24
FRAME_VLAN_TCI: Final = 32
FRAME_ADDRESS: Final = 48
"""sockaddr_ll behind the aligned header; its packet type lies 10 bytes in."""
