"""The content of one file on its way: counted, hashed, known by its first bytes, and told as a `files` event."""

from __future__ import annotations

from hashlib import blake2b, md5, sha1
from typing import Any, Final

from sentinel.event.files import Files
from sentinel.protocol.mime import mime_type

__all__ = ["FileContent", "file_id"]

HEAD: Final = 512
"""First bytes by which the type is known."""
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def file_id(uid: str, number: int) -> str:
    """Zeek-style id of the `number`th file of a flow: `F` and 17 base-62 digits, the same whenever it is replayed."""
    value = int.from_bytes(blake2b(f"{uid} {number}".encode(), digest_size=13).digest(), "big")
    digits = []
    for _ in range(17):
        value, digit = divmod(value, 62)
        digits.append(_BASE62[digit])
    return "F" + "".join(digits)


class FileContent:
    """One transfer in one direction. Bytes come in pieces, each at a place; what comes twice counts once."""

    __slots__ = (
        "_cursor",
        "_digests",
        "_first",
        "_head",
        "_last",
        "_next",
        "_room",
        "fuid",
        "is_orig",
        "missing",
        "seen",
        "source",
        "total",
    )

    def __init__(self, fuid: str, source: str, is_orig: bool, total: int | None, hash_bytes: int) -> None:
        """`total`: bytes it has, if its protocol says; `hash_bytes`: a longer file is not hashed."""
        self.fuid = fuid
        self.source = source
        self.is_orig = is_orig
        self.total = total
        self.seen = 0
        """Bytes that came."""
        self.missing = 0
        self._cursor = 0
        self._next = 0
        self._first: float | None = None
        self._last = 0.0
        self._head = b""
        self._room = hash_bytes
        hashed = hash_bytes > 0 and (total is None or total <= hash_bytes)
        self._digests = (md5(usedforsecurity=False), sha1(usedforsecurity=False)) if hashed else None

    def seek(self, offset: int) -> None:
        """The next piece belongs at `offset`."""
        self._cursor = offset

    def take(self, data: bytes, ts: float) -> None:
        """The next piece."""
        at = self._cursor
        self._cursor = at + len(data)
        ahead = self._next - at
        if ahead > 0:
            data = data[ahead:]
            at = self._next
        if not data:
            return
        if self._first is None:
            self._first = ts
        self._last = ts
        if ahead < 0:
            self.missing -= ahead
            self._digests = None
        self._next = at + len(data)
        self.seen += len(data)
        if at < HEAD and at == len(self._head):
            self._head += data[: HEAD - at]
        if self._digests is not None:
            if self.seen > self._room:
                self._digests = None
            else:
                for digest in self._digests:
                    digest.update(data)

    def lost(self, length: int) -> None:
        """`length` bytes of this piece were never seen."""
        self._cursor += length

    def event(self, whose: dict[str, Any], name: str | None, closed: bool) -> Files | None:
        """What is to be told of it; None where nothing came. `whose`: the flow; `closed`: it ended in order."""
        if self._first is None:
            return None
        hashes = None
        if self._digests is not None and (self.total is None or self._next >= self.total):
            hashes = [digest.hexdigest() for digest in self._digests]
        return Files(
            ts=self._first,
            **whose,
            fuid=self.fuid,
            source=self.source,
            analyzers=["MD5", "SHA1"] if hashes else None,
            mime_type=mime_type(self._head) if self._head else None,
            filename=name,
            duration=self._last - self._first,
            is_orig=self.is_orig,
            seen_bytes=self.seen,
            total_bytes=self.total,
            missing_bytes=self.missing,
            overflow_bytes=0,
            timedout=not closed,
            md5=hashes[0] if hashes else None,
            sha1=hashes[1] if hashes else None,
        )
