"""Files followed as they grow: through rotation, truncation and restarts, nothing read twice or left out."""

from __future__ import annotations

import asyncio
import contextlib
import glob
import hashlib
import os
import re
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sentinel.intake.chunk import Chunk, Inlet, Report
from sentinel.intake.inotify import Inotify
from sentinel.text import text

__all__ = ["FileSource"]

_CHUNK: Final = 1 << 18
_LONGEST: Final = 1 << 20
"""Bytes of a line; a longer one is taken in pieces."""
_PAUSE: Final = 1.0
"""Seconds between two looks where nothing wakes."""
_SCAN: Final = 5.0
"""Seconds between two looks for new files."""
_FINGERPRINT: Final = 256
"""Bytes at a file's start by which it is known again."""
_HEAD: Final = 1 << 14
_MOST_HEAD: Final = 16
"""Bytes and lines of a file's start in which its columns may be named."""
_GENERATION: Final = re.compile(r"[.\-_]\d[\w.\-]*")
"""What rotation adds to a name: `.1`, `-20240501`."""
_MOST_FILES: Final = 1024
_GRACE: Final = 60.0
"""Seconds that a file is read on after its name became another's."""
_BEFORE: Final = " (before)"
"""Behind a path: the file that had its name before."""
_PACKED: Final = (".gz", ".bz2", ".xz", ".zst", ".zip")


@dataclass(slots=True)
class _Followed:
    path: Path
    file: int
    identity: tuple[int, int]
    position: int = 0
    rest: bytes = b""
    wide: str = ""
    """`utf-16-le` or `utf-16-be` where the file begins with such a mark."""
    gone: float = 0.0
    """When its name became another file's: it is read on for a while, since its writer may not know yet."""
    mark: str = ""
    mark_length: int = 0
    """The file is known by the first so many of its bytes."""
    head: tuple[bytes, ...] = ()
    """Its first lines, where reading begins behind them."""


class FileSource:
    """Follows the files that a pattern names (`/var/log/nginx/*.log`), or those in a folder.

    A file that was there at the first start is read from its end, unless `from_start`; one that comes later
    from its beginning. `positions` is where an earlier life stopped, by path.
    """

    def __init__(
        self,
        name: str,
        pattern: str,
        inlet: Inlet,
        report: Report,
        *,
        positions: Mapping[str, Mapping[str, Any]] | None = None,
        from_start: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.looked = asyncio.Event()
        """Set once the files that were there at the start are known."""
        self._pattern = pattern
        self._inlet = inlet
        self._report = report
        self._known = dict(positions or {})
        self._from_start = from_start
        self._now = now
        self._files: dict[Path, _Followed] = {}
        self._leaving: list[_Followed] = []
        self._told: set[tuple[Path, str]] = set()
        self._first = True

    async def run(self) -> None:
        """Follow until cancelled."""
        async with Inotify() as changes:
            changes.watch(self._folders())
            looked = 0.0
            try:
                while True:
                    if self._first or time.monotonic() - looked >= _SCAN:
                        changes.watch(self._folders())
                        looked = time.monotonic()
                    await asyncio.to_thread(self._scan)
                    self.looked.set()
                    if not await self._read_all():
                        await changes.wait(_PAUSE)
            finally:
                self._put_down()

    def _put_down(self) -> None:
        """Close all files; should `run` be called again, it goes on where they were."""
        for followed in (*self._files.values(), *self._leaving):
            os.close(followed.file)
            self._known[_place(followed)] = _known(followed)
        self._files.clear()
        self._leaving.clear()

    def _wanted(self) -> str:
        return f"{glob.escape(self._pattern)}/*" if os.path.isdir(self._pattern) else self._pattern

    def _folders(self) -> set[Path]:
        path = Path(self._wanted())
        if not glob.has_magic(str(path.parent)):
            return {path.parent}
        return {Path(folder) for folder in glob.glob(str(path.parent), recursive=True)}

    # Which files there are.

    def _scan(self) -> None:
        paths = {Path(path) for path in glob.glob(self._wanted(), recursive=True)}
        if self._first and not paths:
            self._tell(Path(self._pattern), text("intake.no-file"))
        for path in sorted(paths):
            if path.name.endswith(_PACKED) or path in self._files:
                continue
            if len(self._files) >= _MOST_FILES:
                self._tell(path, text("intake.too-many-files", most=_MOST_FILES))
                continue
            self._begin(path)
        for path, followed in list(self._files.items()):
            self._check(path, followed)
        self._first = False

    def _begin(self, path: Path, *, from_start: bool = False) -> None:
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            self._tell(path, error.strerror or str(error))
            return
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            os.close(file)
            if not stat.S_ISDIR(status.st_mode):
                self._tell(path, text("intake.no-regular-file"))
            return
        followed = _Followed(path, file, _identity(status))
        followed.wide = _wide(os.pread(file, 2, 0))
        known = self._known.pop(str(path), None)
        before = self._known.pop(str(path) + _BEFORE, None)
        if known is not None and _is(file, known):
            followed.position = _position(known)
        elif known is None and self._first and not self._from_start and not from_start:
            followed.position = status.st_size
        if followed.position:
            followed.head = _head(file)
            _remark(followed, followed.position)
        self._files[path] = followed
        if before is not None and not _is(file, before):
            self._again(path, before)  # mostly long read to its end, and gone
        if known is not None and not _is(file, known):
            self._resume(path, known)

    def _resume(self, path: Path, known: Mapping[str, Any]) -> None:
        """A file was rotated while no one looked, or shortly before: read what is left of it, and what came between."""
        old = self._again(path, known)
        if old is None:
            if _position(known):
                self._tell(path, text("intake.rotated-away"))
            return
        for sibling in self._between(path, old):
            with contextlib.suppress(OSError):
                file = os.open(sibling, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
                self._part_from(_Followed(path, file, _identity(os.fstat(file))))

    def _again(self, path: Path, known: Mapping[str, Any]) -> _Followed | None:
        """The file that was read up to `known`, under whichever name it has now."""
        for sibling in sorted(path.parent.glob(f"{glob.escape(path.name)}*")):
            if sibling == path or sibling.name.endswith(_PACKED):
                continue
            try:
                file = os.open(sibling, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            except OSError:
                continue
            if not _is(file, known):
                os.close(file)
                continue
            identity = _identity(os.fstat(file))
            again = next((old for old in self._leaving if old.identity == identity), None)
            if again is not None:
                again.position = max(again.position, _position(known))
                os.close(file)
                return again
            return self._part_from(_Followed(path, file, identity, _position(known)))
        return None

    def _part_from(self, old: _Followed) -> _Followed:
        """Read a file on whose name is another's now."""
        old.gone = time.monotonic()
        old.wide = _wide(os.pread(old.file, 2, 0))
        if old.position:
            old.head = _head(old.file)
            _remark(old, old.position)
        self._leaving.append(old)
        return old

    def _between(self, path: Path, old: _Followed) -> list[Path]:
        """Files that had the name after `old` and lost it before now, the eldest first."""
        current = self._files[path].identity
        since = os.fstat(old.file).st_mtime_ns
        found: list[tuple[int, Path]] = []
        for sibling in path.parent.glob(f"{glob.escape(path.name)}*"):
            rotated = _GENERATION.fullmatch(sibling.name.removeprefix(path.name)) is not None
            if (
                not rotated
                or sibling.name.endswith(_PACKED)
                or sibling in self._files
                or sibling.is_symlink()
            ):
                continue
            try:
                status = sibling.stat()
            except OSError:
                continue
            fresh = status.st_mtime_ns > since and _identity(status) not in (current, old.identity)
            if fresh and stat.S_ISREG(status.st_mode) and not sibling.match(self._wanted()):
                found.append((status.st_mtime_ns, sibling))
        return [sibling for _, sibling in sorted(found)]

    def _check(self, path: Path, followed: _Followed) -> None:
        try:
            status = os.stat(path)
        except OSError:
            self._leave(followed)
            return
        if _identity(status) != followed.identity:
            self._leave(followed)
            self._begin(path, from_start=True)
        elif status.st_size < followed.position or not _unchanged(followed):
            # Truncated and begun anew. What was not read of it may stand in a copy (logrotate's `copytruncate`).
            self._again(path, _known(followed))
            followed.position, followed.rest, followed.head = 0, b"", ()
            followed.mark, followed.mark_length = "", 0

    def _leave(self, followed: _Followed) -> None:
        followed.gone = time.monotonic()
        del self._files[followed.path]
        self._leaving.append(followed)

    def _tell(self, path: Path, reason: str) -> None:
        if (path, reason) not in self._told and len(self._told) < _MOST_FILES:
            self._told.add((path, reason))
            self._report(str(path), reason)

    # What is in them.

    async def _read_all(self) -> bool:
        """Read a piece of each file; whether there was anything."""
        found = False
        for followed in (*self._leaving, *self._files.values()):
            try:
                chunk, more = await asyncio.to_thread(self._read, followed)
            except OSError as error:
                self._tell(followed.path, error.strerror or str(error))
                continue
            found = found or more
            if chunk is not None:
                found = True
                await self._inlet.put(chunk)
        await self._part()
        return found

    async def _part(self) -> None:
        """Close the files whose time is over, with what has no end of line yet."""
        for followed in list(self._leaving):
            if time.monotonic() - followed.gone < _GRACE and len(self._leaving) <= _MOST_FILES:
                continue
            self._leaving.remove(followed)
            rest, followed.rest = followed.rest, b""
            last = self._chunk(followed, [rest], self._now(), current=False) if rest else None
            os.close(followed.file)
            if last is not None:
                await self._inlet.put(last)

    def _read(self, followed: _Followed) -> tuple[Chunk | None, bool]:
        data = os.pread(followed.file, _CHUNK, followed.position)
        if data and not _unchanged(followed):
            return None, not followed.gone  # another text stands there by now: first begin anew
        more = len(data) == _CHUNK
        whole, rest = _lines(followed.rest + data, followed.wide)
        if len(rest) > _LONGEST:
            whole.append(rest)
            rest = b""
        followed.position += len(data)
        followed.rest = rest
        if not whole:
            return None, more
        written = os.fstat(followed.file).st_mtime
        return self._chunk(followed, whole, written, current=not more), more

    def _chunk(self, followed: _Followed, lines: list[bytes], written: float, *, current: bool) -> Chunk:
        _remark(followed, followed.position - len(followed.rest))
        return Chunk(
            source=self.name,
            stream=str(followed.path),
            lines=lines,
            arrival=self._now(),
            reference=written,
            position=_known(followed),
            head=followed.head,
            place=_place(followed),
            current=current,
        )


def _lines(data: bytes, wide: str) -> tuple[list[bytes], bytes]:
    """Whole lines in UTF-8 (or as they are), and what is left of the last."""
    if not wide:
        *whole, rest = data.split(b"\n")
        return whole, rest
    end = "\n".encode(wide)
    cut = 0
    at = data.find(end)
    while at >= 0:
        if at % 2 == 0:
            cut = at + 2
        at = data.find(end, at + 1)
    text = data[:cut].decode(wide, "replace").removeprefix("\ufeff")
    return [line.encode("utf-8", "replace") for line in text.split("\n")[:-1]], data[cut:]


def _wide(head: bytes) -> str:
    return {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(head, "")


def _place(followed: _Followed) -> str:
    """Under what name its position is kept."""
    return str(followed.path) + (_BEFORE if followed.gone else "")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _head(file: int) -> tuple[bytes, ...]:
    """The lines at the start that may say what the columns are: the first, and comments behind it."""
    lines = os.pread(file, _HEAD, 0).split(b"\n")[:-1]
    head = lines[:1]
    for line in lines[1:_MOST_HEAD]:
        if not line.startswith(b"#"):
            break
        head.append(line)
    return tuple(line.rstrip(b"\r") for line in head)


def _known(followed: _Followed) -> dict[str, Any]:
    return {
        "position": followed.position - len(followed.rest),
        "mark": followed.mark,
        "mark_length": followed.mark_length,
    }


def _remark(followed: _Followed, read: int) -> None:
    """Know the file by its start, as far as that was read."""
    length = min(_FINGERPRINT, read)
    if length != followed.mark_length:
        followed.mark, followed.mark_length = _mark(followed.file, length), length


def _unchanged(followed: _Followed) -> bool:
    return _mark(followed.file, followed.mark_length) == followed.mark if followed.mark_length else True


def _position(known: Mapping[str, Any]) -> int:
    return int(known.get("position", 0))


def _is(file: int, known: Mapping[str, Any]) -> bool:
    """Whether this is the file that was read up to `known`."""
    length = int(known.get("mark_length", 0))
    return os.fstat(file).st_size >= _position(known) and _mark(file, length) == known.get("mark")


def _mark(file: int, length: int) -> str:
    return hashlib.blake2b(os.pread(file, length, 0), digest_size=12).hexdigest()
