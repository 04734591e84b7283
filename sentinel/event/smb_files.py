"""`smb_files`: what was done to one file of a share (Zeek's smb_files.log)."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from sentinel.event.event import FlowEvent

__all__ = ["SmbFiles"]


class SmbFiles(FlowEvent, kw_only=True):
    """One action on one file. Reads and writes are told when they begin and, once their content is known, at the close."""

    kind: ClassVar[str] = "smb_files"

    fuid: str | None = None
    """Id of the file's content in `files`."""
    action: str
    """`SMB::FILE_OPEN`, `…READ`, `…WRITE`, `…DELETE`, `…RENAME`, `…SET_ATTRIBUTE`, `SMB::PRINT_OPEN`, `SMB::PRINT_CLOSE`."""
    path: str | None = None
    """The share, `\\\\server\\name`."""
    name: str
    """From the share's root; `<share_root>` is the root itself."""
    size: int
    """Bytes when it was opened."""
    prev_name: str | None = None
    """What it was called before it was renamed."""
    times_modified: float | None = msgspec.field(name="times.modified", default=None)
    """Seconds since 1970 UTC, as are the other three."""
    times_accessed: float | None = msgspec.field(name="times.accessed", default=None)
    times_created: float | None = msgspec.field(name="times.created", default=None)
    times_changed: float | None = msgspec.field(name="times.changed", default=None)
