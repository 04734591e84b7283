"""An HTTP body as it comes: counted whole, unpacked, its beginning kept for rules."""

from __future__ import annotations

import zlib
from typing import Any, Final

__all__ = ["HttpBody", "body_text"]

_STEP: Final = 65536
"""Bytes unpacked at once."""
_MAX_UNPACKED: Final = 32 << 20
"""Bytes unpacked of one body; more of them are only counted as packed."""
_MAX_RATIO: Final = 200
"""Unpacked bytes for each packed one that no honest sender reaches for long."""
_FREE: Final = 1 << 20
"""Bytes unpacked before the ratio is looked at."""
_CODINGS: Final = frozenset({"gzip", "x-gzip", "deflate"})
_AUTO: Final = 32 + zlib.MAX_WBITS
_RAW: Final = -zlib.MAX_WBITS


class HttpBody:
    """Takes the bytes of one body in order, chunk framing already gone."""

    __slots__ = ("_coding", "_held", "_inflate", "_packed", "_room", "fault", "kept", "length")

    def __init__(self, limit: int, coding: str | None) -> None:
        self._room = limit
        self._coding = coding.lower() if coding is not None else None
        self._held = b""
        self._packed = 0
        self._inflate: Any = None
        self.kept: list[bytes] = []
        """The first `limit` bytes."""
        self.length = 0
        """Bytes so far, unpacked; missing ones count too."""
        self.fault: str | None = None
        """Name of the `weird` that unpacking met."""
        if self._coding not in _CODINGS:
            self._coding = None

    @property
    def full(self) -> bool:
        """Of what follows only the number of bytes matters."""
        return self._room <= 0 and self._coding is None

    def add(self, data: bytes) -> None:
        """The next bytes."""
        if self._coding is None:
            self._take(data)
        elif self._inflate is not None:
            self._unpack(data)
        else:
            self._held += data
            if len(self._held) >= 2:
                self._begin(self._held)

    def skip(self, length: int) -> None:
        """`length` bytes that were never seen: what follows cannot be unpacked."""
        self._stop()
        self.length += length

    def beginning(self) -> bytes:
        """What has been kept."""
        kept = self.kept
        return kept[0] if len(kept) == 1 else b"".join(kept)

    def _begin(self, data: bytes) -> None:
        """Find out by the first bytes what the packing really is: `deflate` often lacks zlib's header."""
        self._held = b""
        if data[:2] == b"\x1f\x8b" or (data[0] & 15 == 8 and (data[0] << 8 | data[1]) % 31 == 0):
            self._inflate = zlib.decompressobj(_AUTO)
        elif self._coding == "deflate":
            self._inflate = zlib.decompressobj(_RAW)
        else:
            self.fault = "inflate_failed"
            self._coding = None
            self._take(data)
            return
        self._unpack(data)

    def _unpack(self, data: bytes) -> None:
        inflate = self._inflate
        if inflate.eof:
            return
        self._packed += len(data)
        try:
            self._take(inflate.decompress(data, _STEP))
            while inflate.unconsumed_tail:
                if self.length > max(_FREE, min(_MAX_UNPACKED, self._packed * _MAX_RATIO)):
                    self.fault = "HTTP_excessive_compression"
                    self._stop()
                    return
                self._take(inflate.decompress(inflate.unconsumed_tail, _STEP))
        except zlib.error:
            self.fault = "inflate_failed"
            self._stop()

    def _take(self, data: bytes) -> None:
        self.length += len(data)
        if self._room > 0 and data:
            self.kept.append(data if len(data) <= self._room else data[: self._room])
            self._room -= len(data)

    def _stop(self) -> None:
        """Count only from now on."""
        self._coding = self._inflate = None
        self._held = b""
        self._room = 0


def body_text(data: bytes, content_type: str | None) -> str:
    """Bytes as text: UTF-8 (a last character cut short is left out), GBK where named, else Latin-1."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        if error.start >= len(data) - 3 and error.reason == "unexpected end of data":
            return data[: error.start].decode()
    if content_type is not None and "charset=gb" in content_type.lower():
        return data.decode("gb18030", "replace")
    return data.decode("latin-1")
