"""Statistics: everything a pipeline or the watch counted since its start. What stats.json and the metrics are made of."""

from __future__ import annotations

import msgspec

from sentinel.capture.account import PacketAccount

__all__ = ["Statistics", "WatchStatistics"]


class Statistics(msgspec.Struct, kw_only=True):
    """Counters are cumulative over the life of one pipeline; gauges are the present value."""

    packets: PacketAccount = msgspec.field(default_factory=PacketAccount)
    flows_active: int = 0
    """Gauge."""
    flows_total: int = 0
    flows_evicted: int = 0
    """Flows ended early because the table was full."""
    events: dict[str, int] = {}
    """By kind."""
    alerts: dict[str, int] = {}
    """By level."""
    alerts_by_rule: dict[str, int] = {}
    """By rule id."""
    stage_seconds: dict[str, float] = {}
    """Seconds spent in decode, flow, protocol, rules, output."""
    last_packet_ts: float = 0.0
    """Gauge: seconds since 1970 UTC, 0 before the first packet."""
    ring_blocks_total: int = 0
    """Gauge."""
    ring_blocks_used: int = 0
    """Gauge: blocks that wait for or are under processing."""
    weird_dropped: int = 0
    """Oddities of decoding past the limit for one batch."""
    segments_refused: int = 0
    """TCP segments out of order not kept because of a cap."""
    conflicts: int = 0
    """Retransmissions that differ from the bytes handed over before."""
    recognition: dict[str, int] = {}
    """Flows by protocol recognised."""


class WatchStatistics(msgspec.Struct, kw_only=True):
    """Counters are cumulative; gauges are the present value."""

    events: dict[str, int] = {}
    """New events by kind."""
    alerts: dict[str, int] = {}
    """Alerts of its own by level."""
    alerts_by_rule: dict[str, int] = {}
    entries: dict[str, int] = {}
    """Gauge: entries held, by detector."""
    evicted: dict[str, int] = {}
    """Entries given up because a table was full, by detector."""
    correlations: dict[str, int] = {}
    """State of correlations (`groups` is a gauge) and what was given up, by what."""
    suppressed: dict[str, int] = {}
    """Alerts held back, by reason."""
    seconds: float = 0.0
    """Spent."""
