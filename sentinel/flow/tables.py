"""The arrays that flow kernels work on, and their counters."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentinel.flow.lookup import make_entries
from sentinel.flow.memory import zeros
from sentinel.flow.record import ENDPOINT, FLOW, SEGMENT, UID_LENGTH, WORK
from sentinel.flow.settings import FlowSettings

__all__ = ["COUNTERS", "Limits", "Tables", "make_limits", "make_tables"]

COUNTERS: Final = (
    "free",  # slots on the free stack
    "ended",  # flows ended since the last release
    "work",  # entries in the work list
    "active",  # flows held
    "created",
    "evicted",  # ended before their time because the table was full
    "segments",  # segments ever kept
    "kept",  # bytes ever kept, alignment included
    "sweep_at",  # ns: when idle flows are looked for next
    "sweep_from",  # where an interrupted sweep goes on; -1 when none is
    "high_water",  # slots ever used
    "pending_refused",  # segments out of order not kept because of a cap
    "hand",  # where the search for the longest idle flow goes on
    "conflicts",
    "now",  # ns: latest packet time
    "expired_lookup",
    "shedding",  # `Shedding`: which flows are only counted
    "shed",  # packets with payload of such flows
)
"""Names of the entries of `Tables.counters`."""


_ENDED: Final = 16384
"""Most flows whose end is handed over in one step: they keep their slots until then."""


class Tables(NamedTuple):
    """Preallocated memory of the flow table; pages cost memory only once touched."""

    flows: NDArray[Any]
    ends: NDArray[Any]
    uids: NDArray[np.uint8]
    entries: NDArray[np.uint64]
    """Hash table from keys to slots: `lookup`."""
    deadline: NDArray[np.int64]
    free: NDArray[np.int32]
    ended: NDArray[np.int32]
    segments: NDArray[Any]
    kept: NDArray[np.uint8]
    work: NDArray[Any]
    counters: NDArray[np.int64]
    server_ports: NDArray[np.uint8]
    """1 where a port (UDP: +65536) usually belongs to a server."""
    row_flow: NDArray[np.int32]
    """Flow of each packet row of the batch, -1 for none."""
    hashes: NDArray[np.uint64]
    """Hash of each packet row of the batch."""


class Limits(NamedTuple):
    """Settings in the units of the kernels: nanoseconds and bytes."""

    seed: int
    tcp: int
    attempt: int
    closed: int
    udp: int
    icmp: int
    tunnel: int
    inspect: int
    pending: int
    sweep: int


def make_tables(settings: FlowSettings, rows: int) -> Tables:
    """Memory for `settings.max_flows` flows and batches of up to `rows` packet rows."""
    ended = min(rows, _ENDED)
    slots = settings.max_flows + ended
    segments = max(1024, settings.reassembly_bytes // 256)
    free = np.arange(slots - 1, -1, -1, dtype=np.int32)
    tables = Tables(
        flows=zeros(slots, FLOW),
        ends=zeros(2 * slots, ENDPOINT),
        uids=np.zeros((slots, UID_LENGTH), np.uint8),
        entries=make_entries(settings.max_flows),
        deadline=np.zeros(slots, np.int64),
        free=free,
        ended=np.zeros(ended, np.int32),
        segments=np.zeros(segments, SEGMENT),
        kept=np.zeros(settings.reassembly_bytes, np.uint8),
        work=np.zeros(4 * rows + 1024, WORK),
        counters=np.zeros(len(COUNTERS), np.int64),
        server_ports=np.zeros(2 * 65536, np.uint8),
        row_flow=np.zeros(rows, np.int32),
        hashes=np.zeros(rows, np.uint64),
    )
    tables.counters[COUNTERS.index("free")] = slots
    tables.counters[COUNTERS.index("sweep_from")] = -1
    return tables


def make_limits(settings: FlowSettings, seed: int) -> Limits:
    """`settings` in the kernels' units."""

    def ns(seconds: float) -> int:
        return int(seconds * 1e9)

    return Limits(
        seed=seed,
        tcp=ns(settings.tcp_timeout),
        attempt=ns(settings.tcp_attempt_timeout),
        closed=ns(settings.tcp_closed_timeout),
        udp=ns(settings.udp_timeout),
        icmp=ns(settings.icmp_timeout),
        tunnel=ns(settings.tunnel_timeout),
        inspect=settings.inspect_bytes,
        pending=settings.reassembly_flow_bytes,
        sweep=ns(1.0),
    )
