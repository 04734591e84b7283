"""Lines into files: one file a kind, opened when its first line comes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from sentinel.event.alert import Alert
from sentinel.event.encode import EventEncoder
from sentinel.event.event import Event

__all__ = ["EventWriter", "LineFile"]

_PENDING = 1 << 18

OnFailure = Callable[[Path, OSError], None]
"""Told once when a file stops taking lines, and again only after it took some."""


def _ignore(path: Path, error: OSError) -> None:
    pass


class LineFile:
    """A file that grows by whole lines. Writing never raises: lines that cannot be written are counted.

    `append` keeps what the file holds already. With `descriptor`, that open file is used and `path` only
    names it. A write cut short (disk full) is taken back to the last whole
    line, and every later write tries again, so a disk that has room once more is used once more.
    """

    def __init__(
        self,
        path: Path,
        *,
        append: bool = False,
        on_failure: OnFailure = _ignore,
        descriptor: int | None = None,
    ) -> None:
        self.path = path
        self.lost = 0
        """Lines that could not be written."""
        self._append = append
        self._on_failure = on_failure
        self._pending = bytearray()
        self._file = descriptor
        self._regular = False
        self._failing = False

    def write(self, lines: bytes) -> None:
        """Take whole lines; they reach the file at the next `flush`, or once enough are waiting."""
        self._pending += lines
        if len(self._pending) >= _PENDING:
            self.flush()

    def flush(self) -> None:
        """Hand what is waiting to the system."""
        if not self._pending:
            return
        pending, self._pending = self._pending, bytearray()
        try:
            self._drain(pending)
        except OSError as error:
            if not self._failing:
                self._failing = True
                self._on_failure(self.path, error)
        else:
            self._failing = False

    def reopen(self) -> None:
        """Go on in a new file of the same name (the old one was moved away)."""
        self.close()
        self._append = True

    def close(self) -> None:
        """Write what is waiting and close."""
        self.flush()
        if self._file is not None:
            file, self._file = self._file, None
            try:
                os.close(file)
            except OSError as error:
                self._on_failure(self.path, error)

    def _open(self) -> int:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            how = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_APPEND | (0 if self._append else os.O_TRUNC)
            self._file = os.open(self.path, how, 0o640)
            self._regular = stat.S_ISREG(os.fstat(self._file).st_mode)
            self._append = True
        return self._file

    def _drain(self, pending: bytearray) -> None:
        written = 0
        try:
            file = self._open()
            start = os.fstat(file).st_size if self._regular else 0
            with memoryview(pending) as view:
                while written < len(view):
                    written += os.write(file, view[written:])
        except OSError:
            whole = pending.rfind(b"\n", 0, written) + 1
            self.lost += pending.count(b"\n", whole)
            if self._regular and whole < written:
                os.ftruncate(file, start + whole)
            raise


class EventWriter:
    """Writes events to `<kind>.log` in a folder."""

    def __init__(self, folder: Path, *, append: bool = False, on_failure: OnFailure = _ignore) -> None:
        self.folder = folder
        self.encoder = EventEncoder()
        self._append = append
        self._on_failure = on_failure
        self._files: dict[str, LineFile] = {}

    @property
    def lost(self) -> int:
        """Lines that could not be written."""
        return sum(file.lost for file in self._files.values())

    def write(self, events: Sequence[Event]) -> None:
        """Write each event to its kind's file."""
        for kind, lines in self.encoder.encode(events).items():
            self.write_lines(kind, lines)

    def write_alerts(self, alerts: Sequence[Alert]) -> None:
        """Write to `alerts.log`."""
        if alerts:
            self.write_lines("alerts", self.encoder.encode_alerts(alerts))

    def write_lines(self, kind: str, lines: bytes) -> None:
        """Write lines encoded elsewhere."""
        file = self._files.get(kind)
        if file is None:
            path = self.folder / f"{kind}.log"
            file = self._files[kind] = LineFile(path, append=self._append, on_failure=self._on_failure)
        file.write(lines)

    def flush(self) -> None:
        """Hand what is waiting to the system."""
        for file in self._files.values():
            file.flush()

    def reopen(self) -> None:
        """Go on in new files (the old ones were moved away)."""
        for file in self._files.values():
            file.reopen()

    def close(self) -> None:
        """Write what is waiting and close all files."""
        for file in self._files.values():
            file.close()
