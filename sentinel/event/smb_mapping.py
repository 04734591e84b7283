"""`smb_mapping`: one share that a client connected to (Zeek's smb_mapping.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["SmbMapping"]


class SmbMapping(FlowEvent, kw_only=True):
    """One tree connect that succeeded."""

    kind: ClassVar[str] = "smb_mapping"

    path: str | None = None
    """`\\\\server\\name`."""
    service: str | None = None
    """SMB 1: `A:` (disk), `IPC`, `LPT1:`, `COMM`."""
    native_file_system: str | None = None
    """SMB 1: `NTFS`, `FAT` …"""
    share_type: str
    """`DISK`, `PIPE` or `PRINT`."""
