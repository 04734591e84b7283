"""The decoder: a batch of frames in, packets out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sentinel.decode.fragment import Reassembler
from sentinel.decode.kernel import decode_frames
from sentinel.decode.oddity import Oddity
from sentinel.decode.packet import PACKET, FragmentFlag, Status, Tunnel
from sentinel.decode.settings import DecodeSettings

__all__ = ["Decoder", "Packets"]

_FIRST_ROWS: Final = 4096
_NOTHING: Final = np.zeros(1, np.uint8)


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
        self._fragments = Reassembler(settings)
        self._rows = np.zeros(_FIRST_ROWS, PACKET)
        self._ports = _tunnel_ports(settings)

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
        rows, fragments = self._run(data, columns)
        if not fragments:
            return Packets(rows, data, _NOTHING)
        return self._reassemble(rows, data)

    def take_oddities(self) -> list[Oddity]:
        """The oddities since the last call."""
        taken, self._fragments.oddities = self._fragments.oddities, []
        return taken

    def _reassemble(self, rows: NDArray[np.void], data: NDArray[np.uint8]) -> Packets:
        """Put the packets that fragments complete in the place of the fragments that completed them."""
        spill = bytearray()
        whole: list[tuple[int, NDArray[np.void]]] = []
        for number in np.flatnonzero(rows["status"] == Status.FRAGMENT).tolist():
            packet = self._fragments.take(rows[number], data)
            if packet is not None:
                whole.append((number, self._decode_whole(packet, rows[number], len(spill))))
                spill += packet
        if not whole:
            return Packets(rows, data, _NOTHING)
        parts, done = [], 0
        for number, found in whole:
            parts += [rows[done:number], found]
            done = number + 1
        merged = np.concatenate([*parts, rows[done:]])
        _renumber_parents(merged, rows, whole)
        return Packets(merged, data, np.frombuffer(bytes(spill), np.uint8))

    def _decode_whole(self, packet: bytes, fragment: Any, base: int) -> NDArray[np.void]:
        """Rows of one reassembled packet, which lies at `base` of the spill buffer."""
        rows = np.zeros(self.settings.max_depth + 4, PACKET)
        linktype = 229 if fragment["ip_version"] == 6 else 228
        one = np.ones(1, np.int64)
        columns = (one * 0, one * len(packet), one * len(packet), one * fragment["ts"], one * linktype, -one)
        kinds = (np.int64, np.int32, np.int32, np.int64, np.uint16, np.int32)
        _, count, _ = decode_frames(
            _readonly(np.frombuffer(packet, np.uint8), np.uint8),
            *(_readonly(column, kind) for column, kind in zip(columns, kinds, strict=True)),
            self._ports,
            self.settings.max_depth,
            self.settings.checksums,
            rows,
            0,
            0,
        )
        rows = rows[:count]
        rows["buffer"] = 1
        rows["frame"] = fragment["frame"]
        rows["network"] += base
        rows["payload"] += base
        for name in ("vlan", "inner_vlan"):
            rows[name] = fragment[name]
        first = rows[:1]
        for name in ("eth_src", "eth_dst", "parent", "tunnel"):
            first[name] = fragment[name]
        rows["depth"] += fragment["depth"]
        first["fragment"] |= np.uint8(FragmentFlag.REASSEMBLED)
        return rows

    def _run(
        self, data: NDArray[np.uint8], columns: tuple[NDArray[Any], ...]
    ) -> tuple[NDArray[np.void], int]:
        """Rows of all frames, and how many of them are fragments. Grows the buffer where it is too small."""
        frames = len(columns[0])
        frame = count = fragments = 0
        self._reserve(frames + self.settings.max_depth + 2, 0)
        while frame < frames:
            frame, count, new = decode_frames(
                data,
                *columns,
                self._ports,
                self.settings.max_depth,
                self.settings.checksums,
                self._rows,
                frame,
                count,
            )
            fragments += new
            if frame < frames:
                self._reserve(2 * len(self._rows), count)
        return self._rows[:count], fragments

    def _reserve(self, wanted: int, kept: int) -> None:
        """Room for `wanted` rows, of which the first `kept` stay."""
        if wanted > len(self._rows):
            grown = np.zeros(wanted, PACKET)
            grown[:kept] = self._rows[:kept]
            self._rows = grown


def _renumber_parents(
    merged: NDArray[np.void], rows: NDArray[np.void], whole: list[tuple[int, NDArray[np.void]]]
) -> None:
    """Make `parent` count in the merged rows: what reassembled packets carry has moved the others on."""
    moved = np.zeros(len(rows), np.int64)
    for number, found in whole:
        moved[number + 1 :] += len(found) - 1
    start, done = 0, 0
    for number, found in [*whole, (len(rows), rows[:0])]:
        kept = merged[start : start + number - done]
        has = kept["parent"] >= 0
        kept["parent"][has] += moved[kept["parent"][has]].astype(np.int32)
        start += number - done
        inner = merged[start : start + len(found)]
        if len(inner):
            if inner["parent"][0] >= 0:
                inner["parent"][0] += moved[inner["parent"][0]]
            inner["parent"][1:] = np.arange(start, start + len(inner) - 1)
        start += len(found)
        done = number + 1


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
