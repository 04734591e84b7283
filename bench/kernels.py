"""Decoding and the flow table alone, and what a packet costs as flows become many."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.figure import Figure
from sentinel.capture.batch import Batch
from sentinel.capture.file import open_capture
from sentinel.decode.decoder import Decoder
from sentinel.decode.settings import DecodeSettings
from sentinel.flow.settings import FlowSettings
from sentinel.flow.table import FlowTable

__all__ = ["cost_of_many_flows", "decode_and_flow"]

_BATCH: Final = 16384
_FEW, _MANY = 10_000, 1_000_000
_START: Final = 10**18
_FRAME: Final = 78
"""Bytes of a frame of `datagrams`: Ethernet, IPv4, UDP, 36 bytes that nobody has a name for."""


def decode_and_flow(capture: Path, rounds: int = 5) -> list[Figure]:
    """Packets a second through decoding (fragments put together) and the flow table, nothing inspected."""
    decoding, flowing, packets = 1e9, 1e9, 0
    for _ in range(rounds):
        decoder = Decoder(DecodeSettings())
        table = FlowTable(FlowSettings(inspect_bytes=0))
        packets, first, second = 0, 0.0, 0.0
        with open_capture(capture) as batches:
            for batch in batches:
                began = time.thread_time()
                decoded = decoder.decode(batch)
                between = time.thread_time()
                for _ in table.process(decoded.rows, decoded.data, decoded.spill):
                    pass
                first += between - began
                second += time.thread_time() - between
                packets += len(batch)
                batch.release()
        decoding, flowing = min(decoding, first), min(flowing, second)
    return [
        Figure("decode + flow table alone, one core", packets / (decoding + flowing) / 1e6, "Mpps", least=6),
        Figure("  decode, fragments put together", decoding / packets * 1e9, "ns a packet"),
        Figure("  flow table", flowing / packets * 1e9, "ns a packet"),
    ]


def datagrams(numbers: NDArray[np.int64], ts: int) -> Batch:
    """Frames of the UDP flows with these numbers, at times from `ts` on."""
    frames = np.zeros((len(numbers), _FRAME), np.uint8)
    frames[:, 12:14] = 0x08, 0x00
    frames[:, 14:24] = 0x45, 0, 0, _FRAME - 14, 0, 0, 0x40, 0, 64, 17
    source = 0x0A000000 + numbers // 50_000
    port = 10_000 + numbers % 50_000
    for byte in range(4):
        frames[:, 26 + byte] = source >> 8 * (3 - byte) & 255
    frames[:, 30:34] = 192, 0, 2, 1
    frames[:, 34], frames[:, 35] = port >> 8, port & 255
    frames[:, 36:38] = 40_001 >> 8, 40_001 & 255
    frames[:, 38:40] = 0, _FRAME - 34
    count = len(numbers)
    return Batch(
        data=frames.reshape(-1),
        offset=np.arange(count, dtype=np.int64) * _FRAME,
        caplen=np.full(count, _FRAME, np.int32),
        wirelen=np.full(count, _FRAME, np.int32),
        ts=ts + np.arange(count, dtype=np.int64),
        linktype=np.ones(count, np.uint16),
        vlan=np.full(count, -1, np.int32),
    )


def _batches(flows: int, packets: int) -> Iterator[tuple[bool, Batch]]:
    """First a packet of each flow, then packets of all flows in random order; says of each which it is."""
    order = np.random.default_rng(1).integers(0, flows, packets)
    for opening, numbers in ((True, np.arange(flows)), (False, order)):
        for start in range(0, len(numbers), _BATCH):
            yield opening, datagrams(numbers[start : start + _BATCH], _START + start * 1000)


def _cost(flows: int, packets: int) -> tuple[float, float]:
    """Nanoseconds of decoding and of the flow table for a packet of one of so many open flows."""
    decoder = Decoder(DecodeSettings())
    table = FlowTable(FlowSettings(max_flows=_MANY, inspect_bytes=0))
    decoding, flowing, counted = 0.0, 0.0, 0
    for opening, batch in _batches(flows, packets):
        began = time.thread_time()
        decoded = decoder.decode(batch)
        between = time.thread_time()
        for _ in table.process(decoded.rows, decoded.data, decoded.spill):
            pass
        if not opening:
            decoding += between - began
            flowing += time.thread_time() - between
            counted += len(batch)
    assert table.count("active") == flows, table.count("active")
    return decoding / counted * 1e9, flowing / counted * 1e9


def cost_of_many_flows(rounds: int = 3, packets: int = 1_000_000) -> list[Figure]:
    """What a packet costs with a million flows open, against ten thousand: each of all of them in turn by chance."""
    few, many = (1e9, 1e9), (1e9, 1e9)
    for _ in range(rounds):
        one, other = _cost(_FEW, packets), _cost(_MANY, packets)
        few = min(few[0], one[0]), min(few[1], one[1])
        many = min(many[0], other[0]), min(many[1], other[1])
    return [
        Figure("a packet's cost (decode + flow), 1 M flows against 10 k", sum(many) / sum(few), most=1.3),
        Figure("  flow table alone, 10 k flows", few[1], "ns a packet"),
        Figure("  flow table alone, 1 M flows", many[1], "ns a packet"),
        Figure("  flow table alone, 1 M against 10 k", many[1] / few[1]),
    ]
