"""Live packets by AF_PACKET: a memory-mapped TPACKET_V3 ring that the kernel fills block by block.

Batches point straight into the ring; `Batch.release` gives the block back to the kernel.
Source: Documentation/networking/packet_mmap.rst of the Linux kernel.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import select
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sentinel.capture import layout
from sentinel.capture.batch import Batch
from sentinel.capture.filter import Instruction
from sentinel.capture.settings import CaptureSettings
from sentinel.decode.frame import LINKTYPES
from sentinel.text import text

__all__ = ["CaptureRefused", "Ring", "RingStatistics"]

_LINKTYPES = {1: 1, 772: 1, 65534: 101, 768: 101, 769: 101, 776: 101, 778: 101, 801: 105, 803: 127}
"""ARPHRD_ of an interface → LINKTYPE_ of its frames."""
_FRAME_SIZE = 2048
_WHOLE = 65535
_RETURN = 0x06
"""BPF_RET | BPF_K: how much of the packet to keep."""
_TRACE = 1
"""Bytes kept of a packet that the filter refuses, so that it can be counted: the kernel counts none that leave nothing."""


class CaptureRefused(OSError):
    """The interface cannot be captured from; the message says why and what to do."""


@dataclass(slots=True)
class RingStatistics:
    """Totals since the ring was opened."""

    received: int = 0
    """Packets that came to the interface, those dropped or refused by the filter among them."""
    filtered: int = 0
    """Packets that the filter refused."""
    dropped: int = 0
    """Packets lost because no block was free."""
    freezes: int = 0
    """Times the ring was full."""


@njit(cache=True, nogil=True)
def _walk(ring, start, skip_outgoing, filtering, columns_offset, caplen, wirelen, ts, vlan):  # type: ignore[no-untyped-def]
    """Fill the columns from the block at `start`; returns the number of frames, and of those the filter refused."""
    words = ring.view(np.uint32)
    shorts = ring.view(np.uint16)
    packets = words[(start + 12) >> 2]
    at = start + np.int64(words[(start + 16) >> 2])
    count = filtered = 0
    for _ in range(packets):
        w = at >> 2
        if skip_outgoing and ring[at + 58] == 4:
            pass
        elif filtering and words[w + 3] <= _TRACE < words[w + 4]:
            filtered += 1
        else:
            columns_offset[count] = at + np.int64(shorts[(at + 24) >> 1])
            caplen[count] = words[w + 3]
            wirelen[count] = words[w + 4]
            ts[count] = np.int64(words[w + 1]) * 1_000_000_000 + np.int64(words[w + 2])
            vlan[count] = np.int32(words[w + 8]) if words[w + 5] & 16 else -1
            count += 1
        at += np.int64(words[w])
    return count, filtered


class Ring:
    """The packets of one interface (or one member's share of them). Not for several threads.

    Raises `CaptureRefused` where the interface is missing or the permission is.
    """

    def __init__(
        self,
        interface: str,
        settings: CaptureSettings,
        *,
        program: list[Instruction] | None = None,
        fanout: int | None = None,
        source: int = 0,
    ) -> None:
        self.interface = interface
        self.statistics = RingStatistics()
        self._source = source
        self._block_size, self._blocks = settings.block_size, settings.blocks
        try:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        except PermissionError as error:
            raise CaptureRefused(error.errno, f"{interface}: {text('capture.no-permission')}") from error
        try:
            self._open(settings, program, fanout)
        except OSError as error:
            self._socket.close()
            raise CaptureRefused(error.errno, f"{interface}: {error.strerror or error}") from error

    def _open(self, settings: CaptureSettings, program: list[Instruction] | None, fanout: int | None) -> None:
        sock, index = self._socket, socket.if_nametoindex(self.interface)
        hardware = int(Path(f"/sys/class/net/{self.interface}/type").read_text())
        self._linktype = _LINKTYPES.get(hardware, 0xFFFF)
        if self._linktype not in LINKTYPES:
            raise OSError(errno.EAFNOSUPPORT, text("capture.unread-hardware", hardware=hardware))
        self._skip_outgoing = hardware == 772  # loopback shows each packet twice
        if not program and settings.snaplen < _WHOLE:
            program = [(_RETURN, 0, 0, settings.snaplen)]
        self._filtering = bool(program)
        if program:
            _attach(sock, program)
        sock.setsockopt(layout.SOL_PACKET, layout.PACKET_VERSION, layout.TPACKET_V3)
        frames = self._block_size // _FRAME_SIZE * self._blocks
        timeout = max(1, int(settings.block_timeout * 1000))
        request = layout.REQUEST.pack(self._block_size, self._blocks, _FRAME_SIZE, frames, timeout, 0, 0)
        sock.setsockopt(layout.SOL_PACKET, layout.PACKET_RX_RING, request)
        self._map = mmap.mmap(sock.fileno(), self._block_size * self._blocks, mmap.MAP_SHARED)
        self._ring: NDArray[np.uint8] = np.frombuffer(self._map, np.uint8)
        self._status: NDArray[Any] = self._ring.view(np.uint32)[
            layout.BLOCK_STATUS // 4 :: self._block_size // 4
        ]
        self._lengths: NDArray[Any] = self._ring.view(np.uint32)[
            layout.BLOCK_LENGTH // 4 :: self._block_size // 4
        ]
        if settings.promiscuous:
            membership = layout.MEMBERSHIP.pack(index, layout.PACKET_MR_PROMISC, 0, b"")
            sock.setsockopt(layout.SOL_PACKET, layout.PACKET_ADD_MEMBERSHIP, membership)
        sock.bind((self.interface, layout.ETH_P_ALL))
        if fanout is not None:
            mode = (layout.FANOUT_HASH | layout.FANOUT_FLAG_DEFRAG) << 16
            group = struct.pack("I", (fanout & 0xFFFF) | mode)
            sock.setsockopt(layout.SOL_PACKET, layout.PACKET_FANOUT, group)
        self._next = 0
        self._poll = select.poll()
        self._poll.register(sock.fileno(), select.POLLIN | select.POLLERR)
        most = self._block_size // 64
        self._columns: tuple[NDArray[Any], ...] = (
            np.zeros(most, np.int64),
            np.zeros(most, np.int32),
            np.zeros(most, np.int32),
            np.zeros(most, np.int64),
            np.zeros(most, np.int32),
        )
        self._links = np.full(most, self._linktype, np.uint16)

    def poll(self, timeout: float) -> Batch | None:
        """The next block, or None when none is full within `timeout` seconds. It may hold no frame that is wanted.

        Batches share their columns: release one before polling for the next. Raises `OSError` when the
        interface has gone away or down.
        """
        block = self._next
        if not self._status[block] & layout.STATUS_USER:
            for _, events in self._poll.poll(timeout * 1000):
                if events & select.POLLERR:
                    code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    if code:
                        raise OSError(code, f"{self.interface}: {errno.errorcode.get(code, code)}")
            if not self._status[block] & layout.STATUS_USER:
                return None
        start = block * self._block_size
        count, filtered = _walk(self._ring, start, self._skip_outgoing, self._filtering, *self._columns)
        self.statistics.filtered += filtered
        self._next = (block + 1) % self._blocks
        offset, caplen, wirelen, ts, vlan = (column[:count] for column in self._columns)
        return Batch(
            self._ring,
            offset,
            caplen,
            wirelen,
            ts,
            self._links[:count],
            vlan,
            self._source,
            lambda: self._give_back(block),
        )

    def _give_back(self, block: int) -> None:
        self._status[block] = 0

    @property
    def blocks(self) -> tuple[int, int]:
        """Blocks in all, and those that are full or under our hands."""
        return self._blocks, int(np.count_nonzero(self._status & layout.STATUS_USER))

    @property
    def fullness(self) -> float:
        """Share of the ring's bytes that wait for us, from 0 to 1. Blocks that hold little count for little."""
        waiting = self._lengths[self._status & layout.STATUS_USER != 0].sum(dtype=np.int64)
        return int(waiting) / len(self._ring)

    def read_statistics(self) -> RingStatistics:
        """The totals, brought up to date (the kernel forgets its own at each reading)."""
        raw = self._socket.getsockopt(layout.SOL_PACKET, layout.PACKET_STATISTICS, layout.STATISTICS.size)
        received, dropped, freezes = layout.STATISTICS.unpack(raw)
        self.statistics.received += received
        self.statistics.dropped += dropped
        self.statistics.freezes += freezes
        return self.statistics

    def close(self) -> None:
        """Leave the interface. Batches must not be used afterwards."""
        self._socket.close()
        del self._status, self._lengths, self._ring
        try:
            self._map.close()
        except BufferError:
            return  # a batch still points into it: its memory goes with the last of them


def _attach(sock: socket.socket, program: list[Instruction]) -> None:
    """Have the kernel run `program`, but for its refusals, which leave `_TRACE` bytes."""
    kept = [(*step[:3], _TRACE) if step[0] == _RETURN and not step[3] else step for step in program]
    packed = b"".join(struct.pack("HBBI", *step) for step in kept)
    buffer = ctypes.create_string_buffer(packed)
    header = struct.pack("HP", len(program), ctypes.addressof(buffer))
    sock.setsockopt(socket.SOL_SOCKET, layout.SO_ATTACH_FILTER, header)
