"""The transcript: everything that was said in one step, in one piece of bytes.

Stretches of a stream that follow each other are joined into one run. Before each run of a stream stand the last
bytes of the run before it in its direction, so that a needle is found where it spans two packets. The
memory of those bytes is bounded: a direction not heard of for long loses them, and is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sentinel.flow.record import Work
from sentinel.flow.table import FlowTable, Step
from sentinel.flow.transcribe import SHOWN, transcribe

__all__ = ["RUN", "Scribe", "Transcript"]

RUN: Final = np.dtype(
    [
        ("begin", "<i8"),  # where the run with the bytes before it begins in the text
        ("start", "<i8"),  # where its own bytes begin
        ("end", "<i8"),  # where they end; a line feed follows
        ("at", "<i8"),  # bytes of this direction handed over before it
        ("length", "<i4"),  # of a gap
        ("stretch", "<i4"),  # number of its first stretch
        ("stretches", "<i4"),  # how many were joined
        ("row", "<i4"),  # packet row of its first stretch, -1 when a timer caused it
        ("flow", "<i4"),
        ("kind", "u1"),  # Work
        ("side", "u1"),  # 0 from the originator, 1 from the responder
        ("stream", "u1"),  # 1 for bytes of a TCP stream
    ],
    align=True,
)
"""One run of stretches, or one other thing for the protocols to do."""

_TAIL: Final = np.dtype([("serial", "<i8"), ("endpoint", "<i4"), ("length", "<i4")], align=True)
_TAILS: Final = 65_536
"""Directions whose last bytes are remembered."""


@dataclass(slots=True)
class Transcript:
    """What one step holds for protocols and payload rules."""

    text: bytes
    """All runs one after another, each followed by a line feed."""
    runs: NDArray[Any]
    """RUN records in order."""
    cuts: NDArray[np.int64]
    """Where each stretch ends in `text`, by its number."""

    def pieces(self, number: int) -> Iterator[bytes]:
        """The stretches of run `number` one by one, as they came."""
        run = self.runs[number]
        begin, first = int(run["start"]), int(run["stretch"])
        for end in self.cuts[first : first + int(run["stretches"])].tolist():
            yield self.text[begin:end]
            begin = end

    def __len__(self) -> int:
        return len(self.runs)


class Scribe:
    """Writes the transcripts of one flow table. `tail`: bytes remembered of each direction of a stream."""

    def __init__(self, table: FlowTable, tail: int, most: int = _TAILS) -> None:
        self._table = table
        slots = 2 * len(table.tables.flows) if tail else 1
        self._tails = np.zeros(most if tail else 1, _TAIL)
        self._tails["endpoint"] = -1
        self._tail_bytes = np.zeros(tail * len(self._tails), np.uint8)
        self._slot_of = np.full(slots, -1, np.int32)
        self._counters = np.zeros(2, np.int64)
        self._text = np.zeros(1 << 20, np.uint8)
        self._runs = np.zeros(4096, RUN)
        self._tail = tail

    @property
    def forgotten(self) -> int:
        """Directions whose last bytes were given up for newer ones."""
        return int(self._counters[1])

    def write(self, step: Step) -> Transcript:
        """The transcript of a step: a copy, valid as long as it is held."""
        work = step.work
        said = work["length"][work["kind"] == Work.DATA]  # of gaps and what is passed over nothing is written
        needed = int(said.sum(dtype=np.int64)) + len(work) * (self._tail + SHOWN + 1)
        if needed > len(self._text):
            self._text = np.zeros(needed * 5 // 4, np.uint8)
        if len(work) > len(self._runs):
            self._runs = np.zeros(len(work) * 5 // 4, RUN)
        tables, buffers = self._table.tables, self._table.buffers
        cuts = np.empty(len(work), np.int64)
        count, size = transcribe(
            work,
            tables.flows,
            buffers[0],
            buffers[1],
            buffers[2],
            self._tails,
            self._tail_bytes,
            self._slot_of,
            self._counters,
            self._table.settings.inspect_bytes,
            self._text,
            self._runs,
            cuts,
        )
        return Transcript(self._text[:size].tobytes(), self._runs[:count].copy(), cuts)
