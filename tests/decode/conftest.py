"""Batches of frames made by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from sentinel.decode.decoder import Decoder, Packets
from sentinel.decode.settings import DecodeSettings


class Frames:
    """What the decoder needs of a batch. Guard bytes stand between the frames."""

    def __init__(self, frames: Sequence[bytes], linktype: int = 1, ts: Sequence[float] | None = None) -> None:
        guard = b"\xee" * 64
        self.data = np.frombuffer(guard + guard.join(frames) + guard, np.uint8)
        lengths = np.array([len(frame) for frame in frames], np.int64)
        self.offset = np.cumsum(lengths + 64) - lengths
        self.caplen = lengths.astype(np.int32)
        self.wirelen = self.caplen.copy()
        self.ts = (np.array(ts if ts is not None else range(len(frames)), float) * 1e9).astype(np.int64)
        self.linktype = np.full(len(frames), linktype, np.uint16)
        self.vlan = np.full(len(frames), -1, np.int32)


@pytest.fixture
def decode() -> Callable[..., Packets]:
    """Decode frames with settings of one's own: `decode(frame, …, linktype=1, **settings)`."""

    def run(*frames: bytes, linktype: int = 1, **settings: Any) -> Packets:
        return Decoder(DecodeSettings(**settings)).decode(Frames(frames, linktype))

    return run
