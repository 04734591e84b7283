"""Files followed as they grow: through rotation, truncation and restarts, nothing read twice or left out."""

from __future__ import annotations

import asyncio
import glob
import hashlib
import os
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sentinel.intake.chunk import Chunk, Inlet, Report
from sentinel.intake.inotify import Inotify

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
    marks: dict[int, str] = field(default_factory=dict)


class FileSource:
    """Follows the files that a pattern names (`/var/log/nginx/*.log`).

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
                for followed in (*self._files.values(), *self._leaving):
                    os.close(followed.file)

    def _folders(self) -> set[Path]:
        path = Path(self._pattern)
        if not glob.has_magic(str(path.parent)):
            return {path.parent}
        return {Path(folder) for folder in glob.glob(str(path.parent), recursive=True)}

    # Which files there are.

    def _scan(self) -> None:
        paths = {Path(path) for path in glob.glob(self._pattern, recursive=True)}
        for path in sorted(paths):
            if path.name.endswith(_PACKED) or path in self._files:
                continue
            if len(self._files) >= _MOST_FILES:
                self._tell(path, "intake.too-many-files")
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
                self._tell(path, "no regular file")
            return
        followed = _Followed(path, file, (status.st_dev, status.st_ino))
        followed.wide = _wide(os.pread(file, 2, 0))
        known = self._known.pop(str(path), None)
        before = self._known.pop(str(path) + _BEFORE, None)
        if known is not None and _is(file, known):
            followed.position = _position(known)
        elif known is None and self._first and not self._from_start and not from_start:
            followed.position = status.st_size
        for one in (before, known):
            if one is not None and not _is(file, one):
                self._resume(path, one)
        self._files[path] = followed

    def _resume(self, path: Path, known: Mapping[str, Any]) -> None:
        """A file was rotated while no one looked, or shortly before: read what is left of it."""
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
            status = os.fstat(file)
            identity = (status.st_dev, status.st_ino)
            again = next((old for old in self._leaving if old.identity == identity), None)
            if again is not None:
                again.position = max(again.position, _position(known))
                os.close(file)
            else:
                old = _Followed(path, file, identity, _position(known), gone=time.monotonic())
                old.wide = _wide(os.pread(file, 2, 0))
                self._leaving.append(old)
            return

    def _check(self, path: Path, followed: _Followed) -> None:
        try:
            status = os.stat(path)
        except OSError:
            self._leave(followed)
            return
        if (status.st_dev, status.st_ino) != followed.identity:
            self._leave(followed)
            self._begin(path, from_start=True)
        elif status.st_size < followed.position:
            # Truncated and begun anew: what was there is gone.
            followed.position, followed.rest = 0, b""
            followed.marks.clear()

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
        read = followed.position - len(followed.rest)
        length = min(_FINGERPRINT, read)
        if length not in followed.marks:
            followed.marks = {length: _mark(followed.file, length)}
        return Chunk(
            source=self.name,
            stream=str(followed.path),
            lines=lines,
            arrival=self._now(),
            reference=written,
            position={"position": read, "mark": followed.marks[length], "mark_length": length},
            place=str(followed.path) + (_BEFORE if followed.gone else ""),
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


def _position(known: Mapping[str, Any]) -> int:
    return int(known.get("position", 0))


def _is(file: int, known: Mapping[str, Any]) -> bool:
    """Whether this is the file that was read up to `known`."""
    length = int(known.get("mark_length", 0))
    return os.fstat(file).st_size >= _position(known) and _mark(file, length) == known.get("mark")


def _mark(file: int, length: int) -> str:
    return hashlib.blake2b(os.pread(file, length, 0), digest_size=12).hexdigest()
