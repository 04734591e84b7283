"""`files`: the content of one file on its way (Zeek's files.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Files"]


class Files(FlowEvent, kw_only=True):
    """One transfer of one file in one direction, told when it ends. `ts`: its first byte."""

    kind: ClassVar[str] = "files"

    fuid: str
    """Zeek-style unique id of the transfer: `F` and 17 base-62 digits."""
    source: str
    """The protocol that carried it: `SMB`, `FTP_DATA` …"""
    analyzers: list[str] | None = None
    """What was computed: `MD5`, `SHA1`."""
    mime_type: str | None = None
    """By its first bytes."""
    filename: str | None = None
    duration: float
    """Seconds from the first byte to the last."""
    local_orig: bool | None = None
    is_orig: bool
    """The flow's originator sent it."""
    seen_bytes: int
    """Bytes that came."""
    total_bytes: int | None = None
    """Bytes it has, as its protocol says."""
    missing_bytes: int
    """Bytes that were lost on the way."""
    overflow_bytes: int
    """Bytes out of order that were not kept."""
    timedout: bool
    """Never ended in order."""
    md5: str | None = None
    """Of the whole file; absent where not every byte was seen in order, or it is longer than is hashed."""
    sha1: str | None = None
