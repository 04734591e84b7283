"""What SMB 1 and SMB 2 have in common: shares that are connected to, files and pipes that are open in them.

It tells `smb_mapping`, `smb_files` and `files`; calls over a named pipe go to its own `RpcChannel`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from sentinel.event.smb_files import SmbFiles
from sentinel.event.smb_mapping import SmbMapping
from sentinel.protocol.analyzer import Emit, Endpoints
from sentinel.protocol.dce_rpc_channel import RpcChannel
from sentinel.protocol.file_content import FileContent, file_id
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.spnego import NegotiationReader

__all__ = ["OpenFile", "Shares", "Sink", "Times", "Tree", "filetime"]

MAX_TREES: Final = 256
MAX_FILES: Final = 1024
"""Open files of one connection; the oldest are told and let go."""
MAX_RECENT: Final = 512
RECENT_SECONDS: Final = 180.0
"""A file opened again within this is not told again, as in Zeek."""
MAX_NAME: Final = 1024

_EPOCH: Final = 11_644_473_600
"""Seconds from 1601, where Windows counts from, to 1970."""


class Sink(Protocol):
    """Takes the content of a read or a write."""

    def take(self, data: bytes, ts: float) -> None: ...
    def lost(self, length: int) -> None: ...


def filetime(value: int) -> float:
    """Seconds since 1970 UTC of a FILETIME (100 ns since 1601)."""
    return value / 1e7 - _EPOCH


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds since 1970 UTC."""

    created: float
    accessed: float
    modified: float
    changed: float


@dataclass(slots=True)
class Tree:
    """A share that is connected to."""

    path: str | None = None
    share_type: str = "DISK"
    service: str | None = None
    native_file_system: str | None = None


@dataclass(slots=True)
class OpenFile:
    """A file or pipe that is open."""

    tree: Tree
    name: str
    size: int = 0
    times: Times | None = None
    pipe: RpcChannel | None = None
    reading: FileContent | None = None
    writing: FileContent | None = None
    told: set[str] = field(default_factory=set)
    """Actions on it told already."""


class _PipeSide:
    """One direction of a named pipe as a sink."""

    __slots__ = ("_channel", "_is_orig")

    def __init__(self, channel: RpcChannel, is_orig: bool) -> None:
        self._channel = channel
        self._is_orig = is_orig

    def take(self, data: bytes, ts: float) -> None:
        if not self._channel.broken:
            self._channel.feed(self._is_orig, data, ts)

    def lost(self, length: int) -> None:
        self._channel.gap(self._is_orig, length)


class Shares:
    """Everything open on one SMB connection."""

    def __init__(
        self, flow: Endpoints, emit: Emit, settings: ProtocolSettings, whose: dict[str, Any]
    ) -> None:
        self._flow = flow
        self._emit = emit
        self._settings = settings
        self._whose = whose
        self._trees: OrderedDict[Hashable, Tree] = OrderedDict()
        self._files: OrderedDict[Hashable, OpenFile] = OrderedDict()
        self._recent: OrderedDict[Hashable, float] = OrderedDict()
        self._contents = 0
        self.negotiation = NegotiationReader(flow, emit)
        """Who logs in."""

    # -- shares -------------------------------------------------------------------------------------

    def connect(self, key: Hashable, tree: Tree, ts: float) -> None:
        """A share was connected to."""
        self._trees[key] = tree
        if len(self._trees) > MAX_TREES:
            self._flow.weird("SMB_too_many_trees", ts, None, "SMB")
            self._trees.popitem(last=False)
        self._emit(
            SmbMapping(
                ts=ts,
                **self._whose,
                path=tree.path,
                service=tree.service,
                native_file_system=tree.native_file_system,
                share_type=tree.share_type,
            )
        )

    def disconnect(self, key: Hashable) -> None:
        """A share is not used any more."""
        self._trees.pop(key, None)

    def tree(self, key: Hashable) -> Tree:
        """The share of that number; one without a name where its connection was not seen."""
        return self._trees.get(key) or Tree()

    # -- files --------------------------------------------------------------------------------------

    def file(self, key: Hashable) -> OpenFile | None:
        """The open file of that number."""
        return self._files.get(key)

    def opened(self, key: Hashable, file: OpenFile, ts: float) -> None:
        """A file, pipe or printer was opened."""
        if key in self._files:
            self.close(key, ts)
        elif len(self._files) >= MAX_FILES:
            self._flow.weird("SMB_too_many_open_files", ts, None, "SMB")
            self.close(next(iter(self._files)), ts)
        self._files[key] = file
        kind = file.tree.share_type
        if kind == "PIPE":
            file.pipe = RpcChannel(self._flow, self._emit, file.name)
        self._tell_opening(
            {"PIPE": "SMB::PIPE_OPEN", "PRINT": "SMB::PRINT_OPEN"}.get(kind, "SMB::FILE_OPEN"), file, ts
        )

    def _tell_opening(self, action: str, file: OpenFile, ts: float) -> None:
        times = file.times
        seen = (
            action,
            file.tree.path,
            file.name,
            file.size,
            times and (times.created, times.modified, times.changed),
        )
        before = self._recent.get(seen)
        self._recent[seen] = ts
        self._recent.move_to_end(seen)
        if len(self._recent) > MAX_RECENT:
            self._recent.popitem(last=False)
        if before is None or not 0 <= ts - before < RECENT_SECONDS:
            self.tell(action, file, ts)

    def reading(self, file: OpenFile, offset: int, ts: float) -> Sink:
        """Where the content of a read at `offset` goes."""
        if file.pipe is not None:
            return _PipeSide(file.pipe, False)
        if file.reading is None:
            file.reading = self._content(False, file.size or None)
        file.reading.seek(offset)
        return file.reading

    def writing(self, file: OpenFile, offset: int, ts: float) -> Sink:
        """Where the content of a write at `offset` goes."""
        if file.pipe is not None:
            return _PipeSide(file.pipe, True)
        if file.writing is None:
            file.writing = self._content(True, None)
        file.writing.seek(offset)
        return file.writing

    def _content(self, is_orig: bool, total: int | None) -> FileContent:
        self._contents += 1
        fuid = file_id(self._flow.uid, self._contents)
        return FileContent(fuid, "SMB", is_orig, total, self._settings.file_hash_bytes)

    def begin(self, action: str, file: OpenFile, ts: float) -> None:
        """Tell a read or a write of `file`, the first time only."""
        if file.pipe is None and action not in file.told:
            file.told.add(action)
            self.tell(action, file, ts)

    def renamed(self, file: OpenFile, name: str, ts: float) -> None:
        """A file got another name."""
        before, file.name = file.name, name[:MAX_NAME]
        self.tell("SMB::FILE_RENAME", file, ts, before)

    def close(self, key: Hashable, ts: float, closed: bool = True) -> None:
        """A file is not used any more: tell its content."""
        file = self._files.pop(key, None)
        if file is None:
            return
        if file.pipe is not None:
            file.pipe.finish()
        for action, content in (("SMB::FILE_READ", file.reading), ("SMB::FILE_WRITE", file.writing)):
            told = content.event(self._whose, file.name, closed) if content is not None else None
            if told is not None and content is not None:
                self.tell(action, file, ts, fuid=content.fuid)
                self._emit(told)
        if file.tree.share_type == "PRINT":
            self.tell("SMB::PRINT_CLOSE", file, ts)

    def tell(
        self, action: str, file: OpenFile, ts: float, prev_name: str | None = None, fuid: str | None = None
    ) -> None:
        """Tell an action on a file."""
        event = SmbFiles(
            ts=ts,
            **self._whose,
            action=action,
            path=file.tree.path,
            name=file.name[:MAX_NAME],
            size=file.size,
            prev_name=prev_name,
            fuid=fuid,
        )
        times = file.times
        if times is not None:
            event.times_modified, event.times_accessed = times.modified, times.accessed
            event.times_created, event.times_changed = times.created, times.changed
        self._emit(event)

    def finish(self, ts: float) -> None:
        """The connection ended: tell what is still open."""
        for key in list(self._files):
            self.close(key, ts, closed=False)
        self.negotiation.finish()
