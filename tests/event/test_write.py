"""Lines reach their files whole and in order; failures are counted, not raised."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import ClassVar

import pytest

from sentinel.event import KINDS, Alert, Conn, FlowEvent, Level, Payload, Weird
from sentinel.event.encode import EventEncoder
from sentinel.event.write import EventWriter, LineFile

FLOW = {"uid": "C1", "orig_h": "10.0.0.1", "orig_p": 1, "resp_h": "10.0.0.2", "resp_p": 80}


class Secretive(FlowEvent, kw_only=True):
    kind: ClassVar[str] = "secretive"
    unwritten: ClassVar[frozenset[str]] = frozenset({"body", "parts"})

    shown: str
    body: str | None = None
    parts: list[str] = []


KINDS.pop("secretive")


def read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_one_file_a_kind_with_wire_names_and_absent_fields_left_out(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "new" / "out")
    writer.write(
        [Conn(ts=1.5, proto="tcp", **FLOW), Weird(ts=2.0, name="odd"), Conn(ts=3.0, proto="udp", **FLOW)]
    )
    writer.write_alerts([Alert(ts=1.5, id="a", level=Level.HIGH, title="扫描", rule_id="r", kind="conn")])
    writer.close()
    out = tmp_path / "new" / "out"
    assert sorted(path.name for path in out.iterdir()) == ["alerts.log", "conn.log", "weird.log"]
    conns = read(out / "conn.log")
    assert [line["ts"] for line in conns] == [1.5, 3.0]
    assert conns[0] == {
        "ts": 1.5,
        "uid": "C1",
        "id.orig_h": "10.0.0.1",
        "id.orig_p": 1,
        "id.resp_h": "10.0.0.2",
        "id.resp_p": 80,
        "proto": "tcp",
    }
    assert read(out / "alerts.log")[0]["level"] == "high"
    assert writer.encoder.counts == {"conn": 2, "weird": 1}


def test_payload_is_never_written(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path)
    writer.write([Payload(ts=1.0, payload=b"x", proto="tcp", direction="to_server", **FLOW)])
    writer.close()
    assert list(tmp_path.iterdir()) == []


def test_unwritten_fields_stay_on_the_event() -> None:
    event = Secretive(ts=1.0, shown="s", body="secret", parts=["secret"], **FLOW)
    lines = EventEncoder().encode([event])["secretive"]
    assert b'secret"' not in lines and b'"shown":"s"' in lines
    assert event.body == "secret" and event.parts == ["secret"]


def test_text_that_is_no_unicode_costs_only_its_own_line() -> None:
    encoder = EventEncoder()
    lines = encoder.encode([Weird(ts=1.0, name="a"), Weird(ts=2.0, name="\udc80"), Weird(ts=3.0, name="c")])
    assert [json.loads(line)["name"] for line in lines["weird"].splitlines()] == ["a", "c"]
    assert encoder.unencodable == 1


def test_a_new_run_starts_afresh_and_a_daemon_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    for append, expected in ((False, b"1\n"), (False, b"1\n"), (True, b"1\n1\n")):
        file = LineFile(path, append=append)
        file.write(b"1\n")
        file.close()
        assert path.read_bytes() == expected


def test_moved_away_files_are_left_alone_after_reopen(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "x.log")
    file.write(b"old\n")
    file.flush()
    (tmp_path / "x.log").rename(tmp_path / "x.log.1")
    file.reopen()
    file.write(b"new\n")
    file.close()
    assert (tmp_path / "x.log.1").read_bytes() == b"old\n"
    assert (tmp_path / "x.log").read_bytes() == b"new\n"


def test_a_full_disk_is_told_once_counted_and_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[OSError] = []
    file = LineFile(tmp_path / "x.log", on_failure=lambda path, error: told.append(error))
    file.write(b"one\n")
    file.flush()
    real = os.write
    room = [6]

    def full(descriptor: int, data: memoryview) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        taken = real(descriptor, data[: room[0]])
        room[0] -= taken
        return taken

    monkeypatch.setattr(os, "write", full)
    file.write(b"two\nthree\n")
    file.flush()
    file.write(b"four\n")
    file.flush()
    assert (len(told), file.lost) == (1, 2)
    monkeypatch.setattr(os, "write", real)
    file.write(b"five\n")
    file.close()
    assert (tmp_path / "x.log").read_bytes() == b"one\ntwo\nfive\n"


def test_dev_full_and_unwritable_folders_never_raise(tmp_path: Path) -> None:
    told: list[Path] = []
    full = LineFile(Path("/dev/full"), append=True, on_failure=lambda path, error: told.append(path))
    full.write(b"x\n")
    full.close()
    (tmp_path / "file").write_text("")
    writer = EventWriter(tmp_path / "file" / "sub", on_failure=lambda path, error: told.append(path))
    writer.write([Weird(ts=1.0, name="a")])
    writer.close()
    assert full.lost == 1 and writer.lost == 1
    assert told == [Path("/dev/full"), tmp_path / "file" / "sub" / "weird.log"]
