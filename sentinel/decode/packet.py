"""The decoded packet: one row for each IP (or ARP) packet, an encapsulated one having a row of its own.

Rows are a numpy record array, so each name below is a column; a kernel reads one row from two cache lines.
"""

from __future__ import annotations

import enum
from typing import Final

import numpy as np

__all__ = ["PACKET", "FragmentFlag", "Status", "TcpFlag", "Tunnel", "Vpn"]


class Status(enum.IntEnum):
    """What decoding made of a row. The packet accounts export these names in lower case."""

    OK = 0
    """An IP packet whose transport header is whole (or a transport without one that we read)."""
    ARP = 1
    """An ARP packet over Ethernet and IPv4; `payload` points at its header."""
    CARRIER = 2
    """The outer packet of a tunnel without ports (GRE, IP-in-IP); the next row is what it carries."""
    FRAGMENT = 3
    """A fragment that waits for its fellows."""
    OTHER = 4
    """A whole frame of a protocol we do not read (LLDP, STP, IS-IS, EAPOL …): counted by ethertype."""
    TRUNCATED = 5
    """The capture or the sender cut a header short."""
    MALFORMED = 6
    """Lengths or versions contradict each other."""
    UNKNOWN_LINK = 7
    """A link type we do not read."""
    TOO_DEEP = 8
    """More encapsulations than the limit."""


class Tunnel(enum.IntEnum):
    """How a row is (or, for a carrier, carries what is) encapsulated; Zeek's Tunnel::Type where it has one."""

    NONE = 0
    IP = 1
    """IP-in-IP, 6in4 and their like (protocols 4 and 41)."""
    GRE = 2
    VXLAN = 3
    GENEVE = 4
    GTPV1 = 5
    TEREDO = 6
    ERSPAN = 7


class Vpn(enum.IntEnum):
    """Who numbers the private networks of an encapsulation. In column `vpn` it stands above the number of 32 bits."""

    NONE = 0
    VNI = 1
    """Virtual network identifier of VXLAN (RFC 7348) or Geneve (RFC 8926): 24 bits."""
    LABEL = 2
    """MPLS label (RFC 3032, 20 bits): the innermost one, which in RFC 4364 and RFC 4448 stands for the VPN."""
    GRE_KEY = 3
    """Key of GRE (RFC 2890): 32 bits."""

    def column(self, number: int) -> int:
        """What column `vpn` has for this kind's `number`."""
        return self << 32 | number


class TcpFlag(enum.IntFlag):
    """RFC 9293 §3.1."""

    FIN = 0x01
    SYN = 0x02
    RST = 0x04
    PSH = 0x08
    ACK = 0x10
    URG = 0x20
    ECE = 0x40
    CWR = 0x80


class FragmentFlag(enum.IntFlag):
    """`fragment` column."""

    FRAGMENT = 1
    """The row is a fragment."""
    MORE = 2
    """More fragments follow."""
    REASSEMBLED = 4
    """The row was put together from fragments; its bytes lie in the spill buffer."""


PACKET: Final = np.dtype(
    [
        ("ts", "<i8"),  # ns since 1970 UTC
        ("src_hi", "<u8"),  # address, upper 64 bits; 0 for IPv4
        ("src_lo", "<u8"),  # address, lower 64 bits; 0x0000ffff_aabbccdd for IPv4 a.b.c.d (as ::ffff:a.b.c.d)
        ("dst_hi", "<u8"),
        ("dst_lo", "<u8"),
        ("network", "<i8"),  # where the IP (or ARP) header starts in the buffer; -1 without one
        ("payload", "<i8"),  # where the transport payload starts in the buffer
        ("payload_len", "<i4"),  # captured bytes of it
        ("payload_wire", "<i4"),  # bytes of it by the IP header's length
        ("ip_len", "<i4"),  # length of the IP packet by its header, header included
        ("seq", "<u4"),
        ("ack", "<u4"),
        ("frame", "<i4"),  # number of the frame in its batch
        ("parent", "<i4"),  # row of the packet that carries this one, -1 for none
        ("fragment_id", "<u4"),
        ("fragment_offset", "<u4"),  # bytes
        ("src_port", "<u2"),  # TCP, UDP, SCTP port; ICMP type
        ("dst_port", "<u2"),  # TCP, UDP, SCTP port; ICMP code
        ("window", "<u2"),
        ("ethertype", "<u2"),
        ("vlan", "<i2"),  # outer VLAN id, -1 for none
        ("inner_vlan", "<i2"),
        ("proto", "u1"),  # IANA protocol number
        ("ip_version", "u1"),  # 4, 6, or 0 where there is no IP
        ("ttl", "u1"),
        ("tcp_flags", "u1"),
        ("status", "u1"),  # Status
        ("tunnel", "u1"),  # Tunnel this row came out of, or for a carrier or UDP tunnel packet, NONE
        ("fragment", "u1"),  # FragmentFlag
        ("bad_checksum", "u1"),  # 1 where asked for and wrong
        ("buffer", "u1"),  # 0: offsets are into the batch's data; 1: into the spill buffer
        ("depth", "u1"),  # encapsulations around this packet
        ("carries", "u1"),  # Tunnel that this packet carries (UDP or IP carrier), NONE for none
        ("eth_src", "<u8"),  # MAC address in the lower 48 bits; 0 without one
        ("eth_dst", "<u8"),
        ("vpn", "<i8"),  # Vpn << 32 | its number, of the innermost encapsulation that names one; 0 for none
    ],
    align=True,
)
"""Columns of a decoded packet, with their units."""
