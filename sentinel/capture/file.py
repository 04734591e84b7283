"""Capture files: pcap and pcapng, plain or compressed, as batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from sentinel.capture.batch import Batch
from sentinel.capture.block import BlockPool
from sentinel.capture.fault import CaptureError, Fault, FaultRegister
from sentinel.capture.pcap import HEADER_LENGTH, PcapWalker, is_pcap
from sentinel.capture.pcapng import PcapngWalker, is_pcapng
from sentinel.capture.record import MAX_RECORD, Columns, Walker
from sentinel.capture.source import ByteSource, open_source
from sentinel.decode.frame import LINKTYPES
from sentinel.text import Message

__all__ = ["CaptureError", "CaptureFile", "open_capture"]

_BATCH_FRAMES: Final = 16384
_BATCH_BYTES: Final = 8 << 20
_IS_READ: Final = np.isin(np.arange(1 << 16), tuple(LINKTYPES))
"""Of each LINKTYPE_, whether `decode` reads it."""


def open_capture(
    path: Path, *, batch_frames: int = _BATCH_FRAMES, batch_bytes: int = _BATCH_BYTES
) -> CaptureFile:
    """Open a pcap or pcapng file, perhaps inside gzip or zstd; all are known by content, not by name.

    A batch has at most `batch_frames` frames, and `batch_bytes` are read at once: memory does not grow
    with the file. Raises `CaptureError` where the file is missing, empty or no capture.
    """
    source, size = open_source(path)
    try:
        head = _read_head(source)
        walker, start = _recognize(path, head, source)
    except CaptureError:
        source.close()
        raise
    return CaptureFile(path, source, size, walker, head[start:], start, batch_frames, batch_bytes)


def _read_head(source: ByteSource) -> NDArray[np.uint8]:
    head = np.empty(HEADER_LENGTH, np.uint8)
    return head[: _fill(source, head)]


def _recognize(path: Path, head: NDArray[np.uint8], source: ByteSource) -> tuple[Walker, int]:
    """The walker for the file, and where its records start."""
    start = head.tobytes()
    file = f"{path} ({source.compression})" if source.compression else str(path)
    if is_pcapng(start):
        return PcapngWalker(), 0
    if is_pcap(start):
        try:
            return PcapWalker.of(start), HEADER_LENGTH
        except CaptureError as error:
            raise CaptureError(Message("capture.unreadable", path=file, reason=error.message)) from None
    if source.fault is not None:
        raise CaptureError(Message("capture.unreadable", path=file, reason=source.fault.message))
    if not start:
        raise CaptureError(Message("capture.empty", path=file))
    raise CaptureError(Message("capture.no-capture", path=file, start=start[:4].hex(" ")))


def _fill(source: ByteSource, room: NDArray[np.uint8]) -> int:
    """Fill `room`; how many bytes there were, fewer only at the source's end."""
    view = room.data
    filled = 0
    while filled < len(view) and (count := source.read_into(view[filled:])):
        filled += count
    return filled


def _once(action: Callable[[], None]) -> Callable[[], None]:
    """`action` at the first call, nothing at the later ones."""
    todo = [action]

    def run() -> None:
        if todo:
            todo.pop()()

    return run


class CaptureFile:
    """Frames of one file in its order, once. Use as a context manager; made by `open_capture`.

    Whoever is done with a batch calls its `release`, so that its memory is used again; who never does
    only pays for fresh memory.

    Damage never raises: what was readable is yielded, and the damage is named in `fault`.
    """

    def __init__(
        self,
        path: Path,
        source: ByteSource,
        size: int,
        walker: Walker,
        head: NDArray[np.uint8],
        start: int,
        batch_frames: int,
        batch_bytes: int,
    ) -> None:
        if batch_frames < 1 or batch_bytes < 1:
            raise ValueError("batch_frames and batch_bytes are at least 1")
        self.path = path
        self.size = size
        """Bytes of the file on the disk, for a progress bar; 0 for a pipe."""
        self.frames = 0
        """Frames yielded so far."""
        self.unread: Counter[int] = Counter()
        """Of them, those of link types that nobody here reads, by LINKTYPE_."""
        self._source = source
        self._walker = walker
        self._faults = FaultRegister()
        self._rest = head
        """Bytes read that no batch holds yet."""
        self._pool = BlockPool(batch_bytes + MAX_RECORD)
        self._block = self._pool.take()
        """Where `_rest` lies, but for the head."""
        self._base = start
        """Offset of `_rest` in the expanded file."""
        self._batch_frames = batch_frames
        self._batch_bytes = batch_bytes
        self._batches = self._run()

    @property
    def position(self) -> int:
        """Bytes of the file on the disk that were read."""
        return self._source.position

    @property
    def fault(self) -> str | None:
        """Key and place of the damage that ended the reading, else of the first; None for a sound file."""
        return self._faults.summary

    @property
    def damage(self) -> Message | None:
        """`fault` for people."""
        return self._faults.message

    @property
    def faults(self) -> dict[str, int]:
        """How often each kind of damage was met, by the lower-case name of its `Fault`."""
        return self._faults.as_dict()

    @property
    def compression(self) -> str:
        """`gzip`, `zstd` or empty."""
        return self._source.compression

    def __iter__(self) -> Iterator[Batch]:
        return self._batches

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; batches already yielded stay valid."""
        self._batches.close()
        self._source.close()

    def _run(self) -> Generator[Batch]:
        ended = False
        while not ended:
            data = self._rest
            position = 0
            while not ended:
                batch, position, ended = self._walk(data, position)
                if not len(batch):
                    break
                self.frames += len(batch)
                self.unread.update(batch.linktype[~_IS_READ[batch.linktype]].tolist())
                yield batch
            if not ended:
                ended = self._advance(data, position)

    def _walk(self, data: NDArray[np.uint8], position: int) -> tuple[Batch, int, bool]:
        """The next batch out of `data`, empty where it holds no whole record more."""
        room = min(self._batch_frames, (len(data) - position) // self._walker.smallest_record + 1)
        columns = Columns.of(max(room, 1))
        step = self._walker.walk(data, position, self._base, columns, self._faults)
        count = step.frames
        batch = Batch(
            data=data,
            offset=columns.offset[:count],
            caplen=columns.caplen[:count],
            wirelen=columns.wirelen[:count],
            ts=columns.ts[:count],
            linktype=columns.linktype[:count],
            vlan=np.full(count, -1, np.int32),
        )
        if count:
            self._block.hold()
            batch.release = _once(self._block.let_go)
        return batch, step.position, step.stopped

    def _advance(self, data: NDArray[np.uint8], position: int) -> bool:
        """Read on behind `position`; true at the end of the file."""
        rest = data[position:]
        self._base += position
        if missing := self._skip(position - len(data)):
            self._faults.add(self._source.fault or Fault.TRUNCATED_RECORD, self._base - missing)
            return True
        before, self._block = self._block, self._pool.take()
        memory = self._block.memory
        memory[: len(rest)] = rest
        filled = _fill(self._source, memory[len(rest) : len(rest) + self._batch_bytes])
        self._rest = memory[: len(rest) + filled]
        before.let_go()
        if filled:
            return False
        if self._source.fault is not None:
            self._faults.add(self._source.fault, self._base + len(rest))
        elif len(rest):
            self._faults.add(Fault.TRUNCATED_RECORD, self._base)
        return True

    def _skip(self, length: int) -> int:
        """Read past `length` bytes; how many of them the file does not have."""
        scratch = memoryview(bytearray(min(max(length, 0), _BATCH_BYTES)))
        while length > 0:
            count = self._source.read_into(scratch[:length])
            if not count:
                return length
            length -= count
        return 0
