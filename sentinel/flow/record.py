"""The flow's record: two record arrays, one row a flow and two rows (originator, responder) of endpoints."""

from __future__ import annotations

import enum
from typing import Final

import numpy as np

__all__ = [
    "ENDPOINT",
    "FLOW",
    "HISTORY_LENGTH",
    "LINE",
    "SEGMENT",
    "UID_LENGTH",
    "WORK",
    "Endpoint",
    "FlowFlag",
    "State",
    "Shedding",
    "Verdict",
    "Work",
]

LINE: Final = 64
"""Bytes of a cache line."""
UID_LENGTH: Final = 18
"""`C` and 17 base-62 digits, as Zeek's."""
HISTORY_LENGTH: Final = 32
"""History letters kept of one flow."""


class State(enum.IntEnum):
    """TCP state of an endpoint, in Zeek's terms. For other transports: INACTIVE, or ESTABLISHED once it sent."""

    INACTIVE = 0
    SYN_SENT = 1
    SYN_ACK_SENT = 2
    PARTIAL = 3
    ESTABLISHED = 4
    CLOSED = 5
    RESET = 6


class Verdict(enum.IntEnum):
    """How much of a flow's payload the protocols want."""

    INSPECT = 0
    """The first `inspect_bytes` of each direction."""
    BYPASS = 1
    """Nothing more: packets only bump counters."""
    KEEP = 2
    """All of it."""
    SCAN = 3
    """As INSPECT, but only payload rules still want it."""
    FRESH = 4
    """Nobody has judged it yet: all that this batch holds of it, since the protocols may want all of it."""


class Shedding(enum.IntEnum):
    """Which flows are given up while there is more traffic than can be read: their packets only bump counters."""

    NONE = 0
    NEW = 1
    """Those that begin now."""
    ALL = 2
    """Those too that are being read."""


class FlowFlag(enum.IntFlag):
    """`flags` column of FLOW."""

    FLIPPED = 1
    """Originator and responder were exchanged (history `^`)."""
    CARRIER = 2
    """The outer flow of a tunnel without ports: no conn event."""
    ENDED = 4
    """Closed; the slot is free from the next batch on."""
    SHED = 8
    """Given up while there was more traffic than can be read: its payload is only counted."""


class Endpoint(enum.IntFlag):
    """`flags` column of ENDPOINT."""

    STREAM = 2
    """`next` is known."""
    TRUNCATED = 8
    """Past the inspection depth: bytes are no longer kept or handed over."""
    FIN = 16
    """A FIN was sent: it took a sequence number."""


def _whole_lines(fields: list[tuple[str, str]]) -> np.dtype[np.void]:
    """A record of these fields that fills whole cache lines, so that none lies across two by chance."""
    packed = np.dtype(fields, align=True)
    offsets = [packed.fields[name][1] for name, _ in fields] if packed.fields else []
    return np.dtype(
        {
            "names": [name for name, _ in fields],
            "formats": [kind for _, kind in fields],
            "offsets": offsets,
            "itemsize": -(-packed.itemsize // LINE) * LINE,
        },
        align=True,
    )


FLOW: Final = _whole_lines(
    [
        # The first 64 bytes, one cache line, are all that most packets touch.
        ("hash", "<u8"),
        ("orig_hi", "<u8"),
        ("orig_lo", "<u8"),
        ("resp_hi", "<u8"),
        ("resp_lo", "<u8"),
        ("last_ts", "<i8"),
        ("orig_port", "<u2"),
        ("resp_port", "<u2"),
        ("zone", "<u2"),  # number of the zone; 0 where none is declared
        ("proto", "u1"),
        ("verdict", "u1"),  # Verdict
        ("flags", "u1"),  # FlowFlag
        ("history_len", "u1"),
        ("tunnel", "u1"),  # decode.Tunnel it came out of
        ("carries", "u1"),  # decode.Tunnel it carries
        ("vlan", "<i2"),
        ("inner_vlan", "<i2"),
        # Written when the flow begins, and as its history grows.
        ("first_ts", "<i8"),  # ns since 1970 UTC
        ("serial", "<i8"),  # counts flows made: tells a slot's present flow from its former
        ("orig_mac", "<u8"),
        ("resp_mac", "<u8"),
        ("history0", "<u8"),  # letters 0-7, eight bits each, first letter lowest
        ("history1", "<u8"),
        ("history2", "<u8"),
        ("history3", "<u8"),
    ]
)
"""What is known of a flow as a whole: two cache lines."""

ENDPOINT: Final = _whole_lines(
    [
        # The first 64 bytes, one cache line, are all that most packets touch.
        ("pkts", "<i8"),
        ("ip_bytes", "<i8"),  # by the IP header's length
        ("payload_bytes", "<i8"),  # transport payload, by the IP header's length (not for TCP's orig_bytes)
        ("delivered", "<i8"),  # bytes handed to the protocols
        ("last", "<i8"),  # highest sequence number sent, relative to `start`, SYN and FIN counted
        ("acked", "<i8"),  # highest acknowledged by the peer, relative to `start`
        ("start", "<u4"),  # initial sequence number (one before the first byte)
        ("next", "<u4"),  # next sequence number to hand over
        ("pending", "<i4"),  # bytes kept out of order
        ("state", "u1"),  # State
        ("former", "u1"),  # State before the present one
        ("flags", "u1"),  # Endpoint
        ("seen", "u1"),  # history letters so far, one bit each
        # Touched by what is rare.
        ("missed", "<i8"),  # bytes of gaps
        ("segment", "<i8"),  # number of the last segment kept, -1 for none
        ("syn_seq", "<u4"),
        ("fin_seq", "<u4"),
        ("rst_seq", "<u4"),
        ("gaps", "<i4"),
        ("rexmits", "<i4"),
        ("zero_windows", "<i4"),
        ("bad_checksums", "<i4"),
        ("unwanted", "<i8"),  # of the next bytes, so many are only counted
        ("skipped", "<i8"),  # bytes that were only counted since the protocols were last told
    ]
)
"""What is known of one side of a flow: two cache lines. Row 2 f is flow f's originator, 2 f + 1 its responder."""

SEGMENT: Final = np.dtype(
    [
        ("position", "<i8"),  # where its bytes begin, counted from the first byte ever kept
        ("former", "<i8"),  # number of the segment kept before it for the same endpoint, -1 for none
        ("length", "<i4"),
        ("endpoint", "<i4"),
        ("seq", "<u4"),
        ("pending", "u1"),  # 1 while it waits for bytes before it
    ],
    align=True,
)
"""One stretch of TCP payload kept to wait for its turn or to compare retransmissions with."""


class Work(enum.IntEnum):
    """What a kernel leaves for the protocols to do, in order."""

    DATA = 0
    """Bytes of a stream in order, or a datagram."""
    GAP = 1
    """`length` bytes of a stream will not come."""
    CLOSED = 2
    """An endpoint's stream ended in order."""
    CONFLICT = 3
    """A retransmission differs from the bytes handed over before; offset and length give the new bytes."""
    NEW = 4
    """A flow in (or carrying) a tunnel began; `row` is its packet."""
    SKIPPED = 5
    """`length` bytes of a stream went by that its protocol had no use for."""


WORK: Final = np.dtype(
    [
        ("offset", "<i8"),
        ("at", "<i8"),  # DATA: bytes of this direction handed over before
        ("length", "<i4"),
        ("row", "<i4"),  # packet row that caused it, -1 when a timer did
        ("flow", "<i4"),
        ("kind", "u1"),  # Work
        ("side", "u1"),  # 0 from the originator, 1 from the responder
        ("buffer", "u1"),  # 0 batch data, 1 spill buffer, 2 kept segments
    ],
    align=True,
)
"""One thing for the protocols to do."""
