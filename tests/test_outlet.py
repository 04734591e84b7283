"""A slow or broken sink costs counted lines, never the caller's time."""

from __future__ import annotations

import threading
from pathlib import Path

from sentinel.outlet import FileSink, Outlet, sink_for


class Slow:
    lost = 0

    def __init__(self) -> None:
        self.go = threading.Event()
        self.taken: list[bytes] = []
        self.busy = threading.Event()

    def write_lines(self, kind: str, lines: bytes) -> None:
        self.busy.set()
        self.go.wait(20)
        self.taken.append(lines)

    def flush(self) -> None: ...
    def reopen(self) -> None: ...
    def close(self) -> None: ...


def test_what_finds_the_queue_full_is_counted() -> None:
    sink = Slow()
    outlet = Outlet("x", sink, limit=2)
    outlet.offer("conn", b"0\n")
    assert sink.busy.wait(20)
    for number in range(1, 5):
        outlet.offer("conn", b"%d\n" % number)
    assert (outlet.waiting, outlet.dropped) == (2, 2)
    assert not outlet.close(0.01)
    sink.go.set()
    assert outlet.close(20)
    assert sink.taken == [b"0\n", b"1\n", b"2\n"]


def test_moved_files_are_opened_anew(tmp_path: Path) -> None:
    def fail(path: Path, error: OSError) -> None:
        raise AssertionError(error)

    first = Outlet("x", FileSink(tmp_path / "a.log", fail))
    first.offer("alerts", b"1\n")
    assert first.close(20)
    second = Outlet("x", FileSink(tmp_path / "a.log", fail))
    (tmp_path / "a.log").rename(tmp_path / "a.log.1")
    second.reopen()
    second.offer("alerts", b"2\n")
    assert second.close(20)
    assert (tmp_path / "a.log").read_bytes() == b"2\n"


def test_places_as_the_configuration_names_them(tmp_path: Path, capfdbinary: object) -> None:
    told: list[Path] = []
    assert sink_for("", lambda path, error: told.append(path), folder=True) is None
    sink = sink_for(str(tmp_path / "ev"), lambda path, error: told.append(path), folder=True)
    assert sink is not None
    sink.write_lines("dns", b"{}\n")
    sink.close()
    assert (tmp_path / "ev" / "dns.log").read_bytes() == b"{}\n"
    full = sink_for("/dev/full", lambda path, error: told.append(path), folder=False)
    assert full is not None
    full.write_lines("alerts", b"{}\n{}\n")
    full.close()
    assert (told, full.lost) == ([Path("/dev/full")], 2)
