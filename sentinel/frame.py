"""The frame: what a capture worker sends to the agent."""

from __future__ import annotations

import msgspec

from sentinel.event import Alert
from sentinel.rule import Match
from sentinel.statistics import Statistics

__all__ = ["WorkerFrame", "decode_frame", "encode_frame"]


class WorkerFrame(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Alerts, matches, events (as JSON lines for the outlets, packed for the watch), or statistics; whichever are there."""

    alerts: list[Alert] = []
    matches: list[Match] = []
    """What rules matched that correlations ask for."""
    lines: dict[str, bytes] = {}
    """Encoded events of each kind, a line each."""
    events: dict[str, bytes] = {}
    """Events that the watch wants, packed by kind (`sentinel.event.pack`)."""
    statistics: Statistics | None = None
    frames_dropped: int = 0
    """Frames of this worker that gave way since it started, because the agent was too slow."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(WorkerFrame)


def encode_frame(frame: WorkerFrame) -> bytes:
    """The frame's bytes."""
    return _encoder.encode(frame)


def decode_frame(data: bytes) -> WorkerFrame:
    """The frame again. Raises `msgspec.DecodeError` on anything else."""
    return _decoder.decode(data)
