"""Bytes of a capture file, plain or expanded as they are read: gzip (RFC 1952) and zstd (RFC 8878)."""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Final, Protocol

from sentinel.capture.fault import CaptureError, Fault
from sentinel.text import Message

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["ByteSource", "open_source"]

_CHUNK: Final = 1 << 16
"""Compressed bytes read at once."""
_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE: Final = b"\x2a\x4d\x18"
"""Behind a byte 0x50 to 0x5f; parallel compressors put such a frame first."""


class ByteSource(Protocol):
    """Reads forward through the file's expanded bytes."""

    compression: str
    """`gzip`, `zstd`, or empty for a plain file."""
    fault: Fault | None
    """What ended the bytes before the file did."""

    @property
    def position(self) -> int:
        """Bytes read of the file as it lies on the disk."""

    def read_into(self, room: memoryview) -> int:
        """Put the next bytes into `room`; returns how many, 0 at the end. Never raises."""

    def close(self) -> None: ...


def open_source(path: Path) -> tuple[ByteSource, int]:
    """The file's source, and its size on the disk (0 where it has none). Raises `CaptureError`."""
    try:
        file = open(path, "rb", buffering=0)  # noqa: SIM115 - the source closes it
    except OSError as error:
        raise CaptureError(Message("capture.unreadable", path=path, reason=error.strerror)) from error
    try:
        head = _read_head(file, 4)
        size = os.fstat(file.fileno()).st_size
    except OSError as error:
        file.close()
        raise CaptureError(Message("capture.unreadable", path=path, reason=error.strerror)) from error
    if head[:2] == _GZIP_MAGIC:
        return ExpandedSource(file, head, "gzip"), size
    if head == _ZSTD_MAGIC or (head[1:] == _ZSTD_SKIPPABLE and 0x50 <= head[0] <= 0x5F):
        return ExpandedSource(file, head, "zstd"), size
    return PlainSource(file, head), size


def _read_head(file: FileIO, length: int) -> bytes:
    head = b""
    while len(head) < length and (more := file.read(length - len(head))):
        head += more
    return head


class PlainSource:
    """A file that is not compressed."""

    compression = ""

    def __init__(self, file: FileIO, head: bytes) -> None:
        self.fault: Fault | None = None
        self.position = len(head)
        self._file = file
        self._head = head

    def read_into(self, room: memoryview) -> int:
        """See `ByteSource.read_into`."""
        if self._head:
            taken = min(len(self._head), len(room))
            room[:taken] = self._head[:taken]
            self._head = self._head[taken:]
            return taken
        try:
            count = self._file.readinto(room) or 0
        except OSError:
            self.fault = Fault.READ_ERROR
            return 0
        self.position += count
        return count

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class _Gzip:
    """One gzip member, in the manner of `ZstdDecompressor`."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._member.eof

    @property
    def unused_data(self) -> bytes:
        """What follows the member; padding with zeros, as tapes and block devices leave it, is none."""
        return self._member.unused_data.lstrip(b"\0")

    @property
    def needs_input(self) -> bool:
        return not self._member.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._member.decompress(self._member.unconsumed_tail + data, max_length)


class _Expander(Protocol):
    """One member (gzip) or frame (zstd)."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


_EXPANDERS: Final[dict[str, Callable[[], _Expander]]] = {"gzip": _Gzip, "zstd": zstd.ZstdDecompressor}


class ExpandedSource:
    """A compressed file, of one or more members or frames."""

    def __init__(self, file: FileIO, head: bytes, compression: str) -> None:
        self.compression = compression
        self.fault: Fault | None = None
        self.position = len(head)
        self._file = file
        self._input = head
        self._expander: _Expander | None = _EXPANDERS[compression]()

    def read_into(self, room: memoryview) -> int:
        """See `ByteSource.read_into`."""
        while len(room) and self._expander is not None:
            try:
                expanded = self._expand(self._expander, len(room))
            except (zlib.error, zstd.ZstdError, EOFError):
                self._end(Fault.STREAM_CORRUPT)
            except OSError:
                self._end(Fault.READ_ERROR)
            else:
                if expanded:
                    room[: len(expanded)] = expanded
                    return len(expanded)
        return 0

    def _expand(self, expander: _Expander, room: int) -> bytes:
        """Some more bytes; none does not mean the end."""
        if expander.eof:
            self._next_member(expander)
            return b""
        data, self._input = self._input, b""
        at_end = False
        if not data and expander.needs_input:
            data = self._read()
            at_end = not data
        expanded = expander.decompress(data, room)
        if at_end and not expanded and not expander.eof:
            self._end(Fault.STREAM_TRUNCATED)
        return expanded

    def _next_member(self, expander: _Expander) -> None:
        self._input = expander.unused_data or self._read()
        if self._input:
            self._expander = _EXPANDERS[self.compression]()
        else:
            self._end(None)

    def _read(self) -> bytes:
        data = self._file.read(_CHUNK) or b""
        self.position += len(data)
        return data

    def _end(self, fault: Fault | None) -> None:
        self.fault = fault
        self._expander = None

    def close(self) -> None:
        """Close the file."""
        self._file.close()
