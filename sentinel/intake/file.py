"""A log file as it lies on the disk: compressed or not, in one of several encodings, as lines."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import re
import sys
import zipfile
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Final, Protocol, cast

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["LogFile", "decoded_line", "is_text"]

_CHUNK: Final = 1 << 18
_LONGEST: Final = 1 << 23
"""Bytes of a line; a longer one is taken in pieces."""
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE: Final = re.compile(rb"[\xe1-\xef][\x80-\xbf]{2}")
"""A Chinese character in UTF-8. In GB 18030 two characters look so by accident one time in fifty."""
_HIGH: Final = bytes(range(0x80, 0x100))
_ZIPPED: Final = b"PK\x03\x04"
_DAMAGE: Final = (
    OSError,
    EOFError,
    lzma.LZMAError,
    zlib.error,
    zstd.ZstdError,
    zipfile.BadZipFile,
    RuntimeError,
)
"""RuntimeError: a zip with a password, or packed in a way that is not known."""


class Readable(Protocol):
    """What lines are taken from."""

    def read1(self, size: int = -1, /) -> bytes: ...
    def close(self) -> None: ...


def decoded_line(line: bytes) -> str:
    """UTF-8, else GB 18030 (which holds GBK and GB 2312), else what is no text as `\\xHH`.

    Text that is mostly UTF-8 stays it: a stray byte, or a character cut in half where a device cuts its lines,
    must not turn all the others into something that no rule knows.
    """
    try:
        return line.decode()
    except UnicodeDecodeError:
        pass
    wide = 3 * len(_WIDE.findall(line))
    if 2 * wide > len(line) - len(line.translate(None, _HIGH)):
        return line.decode("utf-8", "backslashreplace")
    try:
        return line.decode("gb18030")
    except UnicodeDecodeError:
        return line.decode("utf-8", "backslashreplace")


def is_text(head: bytes) -> bool:
    """Whether these first bytes of a file are text.

    A log that was cut while its program went on writing begins with a hole of NULs, and devices let some slip in.
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    head = head.lstrip(b"\0")
    odd = sum(byte < 32 and byte not in b"\t\n\r\f\x1b\x1d" for byte in head)
    return bool(head) and odd * 50 <= len(head)


class LogFile:
    """Reads a file once. Damage (a cut gzip) never raises: what was readable is given, `fault` says the rest."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.modified = path.stat().st_mtime
        self.fault: str | None = None
        self._raw = open(path, "rb")  # noqa: SIM115 - closed by `close`
        try:
            self._file: Readable = _expanded(self._raw)
        except _DAMAGE as error:
            self.fault = str(error)
            self._file = _Joined(b"")
        except BaseException:
            self._raw.close()
            raise

    def head(self, length: int = 8192) -> bytes:
        """The first bytes, which are still given by `lines` afterwards."""
        try:
            head = self._file.read1(length)
        except _DAMAGE as error:
            self.fault = str(error)
            return b""
        self._file = _Joined(head, self._file)
        return head

    @property
    def position(self) -> int:
        """Bytes of the file on the disk that were read."""
        return self._raw.tell()

    def lines(self) -> Iterator[str]:
        """Each line without its end."""
        chunks = self._chunks()
        first = next(chunks, b"")
        for bom, encoding in _BOMS:
            if first.startswith(bom):
                first = first[len(bom) :]
                if encoding != "utf-8":
                    yield from _wide_lines(first, chunks, encoding)
                    return
                break
        rest = b""
        for chunk in _chain(first, chunks):
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield decoded_line(line.rstrip(b"\r"))
            if len(rest) > _LONGEST:
                yield decoded_line(rest)
                rest = b""
        if rest.strip(b"\0\r"):
            yield decoded_line(rest.rstrip(b"\r"))

    def _chunks(self) -> Iterator[bytes]:
        while True:
            try:
                chunk = self._file.read1(_CHUNK)
            except _DAMAGE as error:
                self.fault = str(error)
                return
            if not chunk:
                return
            yield chunk

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._raw.close()


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _wide_lines(first: bytes, chunks: Iterator[bytes], encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    rest = ""
    for chunk in _chain(first, chunks):
        *whole, rest = (rest + decoder.decode(chunk)).split("\n")
        for line in whole:
            yield line.rstrip("\r")
        if len(rest) > _LONGEST:
            yield rest
            rest = ""
    if rest:
        yield rest.rstrip("\r")


def _expanded(raw: BufferedReader) -> Readable:
    head = raw.read(6)
    raw.seek(0)
    if head[:2] == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=raw)
    if head[:3] == b"BZh":
        return bz2.BZ2File(raw)
    if head == b"\xfd7zXZ\x00":
        return lzma.LZMAFile(raw)
    if head[:4] == b"\x28\xb5\x2f\xfd":
        return zstd.ZstdFile(raw)
    if head[:4] == _ZIPPED:
        archive = zipfile.ZipFile(raw)
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        return _Joined(b"", *(cast(Readable, archive.open(entry)) for entry in entries))
    return raw


class _Joined:
    """Some bytes, then files one after the other."""

    def __init__(self, head: bytes, *files: Readable) -> None:
        self._head = head
        self._files = list(files)

    def read1(self, size: int = -1, /) -> bytes:
        if self._head:
            head, self._head = self._head, b""
            return head
        while self._files:
            data = self._files[0].read1(size)
            if data:
                return data
            self._files.pop(0).close()
        return b""

    def close(self) -> None:
        for file in self._files:
            file.close()
