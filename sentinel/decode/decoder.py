"""The decoder: a batch of frames in, packets out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sentinel.decode.fragment import Fragments
from sentinel.decode.kernel import decode_frames
from sentinel.decode.oddity import Oddity
from sentinel.decode.packet import PACKET, Tunnel
from sentinel.decode.reassembly import ROOM
from sentinel.decode.settings import DecodeSettings

__all__ = ["Decoder", "Packets"]

_FIRST_ROWS: Final = 4096


@dataclass(slots=True)
class Packets:
    """The packets of one batch. Valid until the decoder's next `decode`."""

    rows: NDArray[np.void]
    """Columns of `PACKET`: a carrier before what it carries, frames in order, at least one row a frame."""
    data: NDArray[np.uint8]
    """The batch's bytes, into which rows point."""
    spill: NDArray[np.uint8]
    """Bytes of packets put together from fragments, into which rows with `buffer` 1 point."""

    def __len__(self) -> int:
        return len(self.rows)


class Decoder:
    """Turns batches into rows of `PACKET`. Not for two threads at once; keeps fragments between batches."""

    def __init__(self, settings: DecodeSettings) -> None:
        self.settings = settings
        self._fragments = Fragments(settings)
        self._rows = np.zeros(_FIRST_ROWS, PACKET)
        self._ports = _tunnel_ports(settings)
        self._least_spill = 2 * (settings.max_depth + 2) * ROOM
        self._spill = np.empty(self._least_spill, np.uint8)

    def decode(self, batch: Any) -> Packets:
        """Decode every frame of `batch` (a `capture.batch.Batch`, or anything with its columns)."""
        data = _readonly(batch.data, np.uint8)
        columns = (
            _readonly(batch.offset, np.int64),
            _readonly(batch.caplen, np.int32),
            _readonly(batch.wirelen, np.int32),
            _readonly(batch.ts, np.int64),
            _readonly(batch.linktype, np.uint16),
            _readonly(batch.vlan, np.int32),
        )
        frames = len(columns[0])
        frame = count = spilled = 0
        self._reserve(frames + self.settings.max_depth + 2, 0)
        if len(self._spill) > self._least_spill:
            self._spill = np.empty(self._least_spill, np.uint8)
        while frame < frames:
            frame, count, spilled = decode_frames(
                data,
                *columns,
                self._ports,
                self.settings.max_depth,
                self.settings.checksums,
                self._fragments.datagrams,
                self._rows,
                self._spill,
                frame,
                count,
                spilled,
            )
            if frame < frames:
                self._grow(count, spilled)
        return Packets(self._rows[:count], data, _readonly(self._spill[:spilled], np.uint8))

    def take_oddities(self) -> tuple[list[Oddity], int]:
        """The oddities since the last call, and how many more there was no room for."""
        return self._fragments.take_oddities()

    def _grow(self, count: int, spilled: int) -> None:
        """Double what may have become too small: the rows (`count` in use) or the spill buffer."""
        if count + self.settings.max_depth + 2 > len(self._rows):
            self._reserve(2 * len(self._rows), count)
        else:
            grown = np.empty(2 * len(self._spill), np.uint8)
            grown[:spilled] = self._spill[:spilled]
            self._spill = grown

    def _reserve(self, wanted: int, kept: int) -> None:
        """Room for `wanted` rows, of which the first `kept` stay."""
        if wanted > len(self._rows):
            grown = np.zeros(wanted, PACKET)
            grown[:kept] = self._rows[:kept]
            self._rows = grown


def _readonly(column: Any, dtype: Any) -> NDArray[Any]:
    """A contiguous read-only view (a copy only where it must be): the kernel is compiled for one type."""
    view = np.ascontiguousarray(column, dtype).view()
    view.flags.writeable = False
    return view


def _tunnel_ports(settings: DecodeSettings) -> NDArray[np.uint8]:
    """`Tunnel` of each UDP port."""
    ports = np.zeros(65536, np.uint8)
    for tunnel, numbers in (
        (Tunnel.VXLAN, settings.vxlan_ports),
        (Tunnel.GENEVE, settings.geneve_ports),
        (Tunnel.GTPV1, settings.gtp_ports),
        (Tunnel.TEREDO, settings.teredo_ports),
    ):
        ports[list(numbers)] = tunnel
    ports.flags.writeable = False
    return ports
