"""An outlet: a thread that writes lines, so that a slow disk or reader stops nobody."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from sentinel.event.write import EventWriter, LineFile

__all__ = ["FileSink", "Outlet", "Sink", "StreamSink", "sink_for"]

OnFailure = Callable[[Path, OSError], None]


class Sink(Protocol):
    """Where lines end up. None of its methods raises."""

    @property
    def lost(self) -> int:
        """Lines that could not be written."""

    def write_lines(self, kind: str, lines: bytes) -> None:
        """Take whole lines of one kind."""

    def flush(self) -> None: ...
    def reopen(self) -> None: ...
    def close(self) -> None: ...


class FileSink:
    """All lines into one file."""

    def __init__(self, path: Path, on_failure: OnFailure) -> None:
        self._file = LineFile(path, append=True, on_failure=on_failure)

    @property
    def lost(self) -> int:
        """Lines that could not be written."""
        return self._file.lost

    def write_lines(self, kind: str, lines: bytes) -> None:
        """See `Sink`."""
        self._file.write(lines)

    def flush(self) -> None:
        """Hand what is waiting to the system."""
        self._file.flush()

    def reopen(self) -> None:
        """Go on in a new file (the old one was moved away)."""
        self._file.reopen()

    def close(self) -> None:
        """Write what is waiting and close."""
        self._file.close()


class StreamSink(FileSink):
    """All lines to standard output. With `named`, each says its kind first, as Zeek does (`_path`)."""

    def __init__(self, on_failure: OnFailure, *, named: bool) -> None:
        self._named = named
        self._file = LineFile(
            Path("stdout"), append=True, on_failure=on_failure, descriptor=sys.stdout.fileno()
        )

    def write_lines(self, kind: str, lines: bytes) -> None:
        """See `Sink`."""
        if self._named:
            name = b'{"_path":"%b",' % kind.encode()
            lines = (b"\n" + lines[:-1]).replace(b"\n{", b"\n" + name)[1:] + b"\n"
        self._file.write(lines)

    def reopen(self) -> None:
        """Nothing to do for a stream."""


def sink_for(place: str, on_failure: OnFailure, *, folder: bool) -> Sink | None:
    """The sink that a setting of `output` names; None for nowhere."""
    if place == "":
        return None
    if place == "-":
        return StreamSink(on_failure, named=folder)
    if folder:
        return EventWriter(Path(place), append=True, on_failure=on_failure)
    return FileSink(Path(place), on_failure)


class Outlet:
    """Feeds a sink from a queue of at most `limit` pieces; what finds it full is counted and dropped."""

    def __init__(self, name: str, sink: Sink, limit: int = 1024) -> None:
        self._sink = sink
        self._queue: queue.Queue[tuple[str, bytes] | None] = queue.Queue(limit)
        self._reopen = threading.Event()
        self._ending = threading.Event()
        self.dropped = 0
        """Pieces that found the queue full."""
        self._thread = threading.Thread(target=self._run, name=f"outlet {name}", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Pieces in the queue."""
        return self._queue.qsize()

    @property
    def lost(self) -> int:
        """Lines that the sink could not write."""
        return self._sink.lost

    def offer(self, kind: str, lines: bytes) -> None:
        """Give lines to write; never waits."""
        try:
            self._queue.put_nowait((kind, lines))
        except queue.Full:
            self.dropped += 1

    def reopen(self) -> None:
        """Before the next lines, go on in new files."""
        self._reopen.set()

    def close(self, patience: float) -> bool:
        """Write what is waiting, for at most `patience` seconds; whether all was written."""
        self._ending.set()
        with contextlib.suppress(queue.Full):  # then it sees `_ending` once the queue is empty
            self._queue.put_nowait(None)
        self._thread.join(patience)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (piece := self._queue.get()) is not None:
            if self._reopen.is_set():
                self._reopen.clear()
                self._sink.reopen()
            self._sink.write_lines(*piece)
            if self._queue.empty():
                self._sink.flush()
                if self._ending.is_set():
                    break
        self._sink.close()
