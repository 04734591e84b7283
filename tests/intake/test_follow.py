"""Files are followed through rotation, truncation and restarts: no line twice, none left out."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sentinel.intake.chunk import Inlet
from sentinel.intake.follow import FileSource


class Follower:
    source: FileSource
    task: asyncio.Task[None]

    def __init__(self) -> None:
        self.inlet = Inlet(1000)
        self.lines: list[str] = []
        self.positions: dict[str, Mapping[str, Any]] = {}
        self.reports: list[tuple[str, str]] = []

    async def until(self, number: int) -> list[str]:
        """All lines so far, once there are so many."""
        async with asyncio.timeout(20):
            while len(self.lines) < number:
                chunk = await self.inlet.get()
                self.inlet.done(chunk)
                self.lines += [line.decode() for line in chunk.lines]
                if chunk.position is not None:
                    self.positions[chunk.stream] = chunk.position
        return self.lines


@asynccontextmanager
async def following(
    pattern: Path, positions: Mapping[str, Mapping[str, Any]] | None = None, **options: Any
) -> AsyncIterator[Follower]:
    follower = Follower()

    def report(what: str, why: str) -> None:
        follower.reports.append((what, why))

    source = follower.source = FileSource(
        "files", str(pattern), follower.inlet, report, positions=positions, **options
    )
    task = follower.task = asyncio.create_task(source.run())
    try:
        async with asyncio.timeout(20):
            await source.looked.wait()
        yield follower
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def add(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


async def test_growth_and_half_lines(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("one\ntw")
    async with following(log, from_start=True) as follower:
        assert await follower.until(1) == ["one"]
        add(log, "o\nthree\n")
        assert await follower.until(3) == ["one", "two", "three"]


async def test_what_was_there_is_passed_over_unless_wanted_and_new_files_are_read_whole(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.log").write_text("old\n")
    async with following(tmp_path / "*.log") as follower:
        add(tmp_path / "a.log", "new\n")
        assert await follower.until(1) == ["new"]
        (tmp_path / "b.log").write_text("whole\n")
        assert await follower.until(2) == ["new", "whole"]


async def test_rotation_by_rename_loses_nothing_even_of_a_writer_that_does_not_know_yet(
    tmp_path: Path,
) -> None:
    log = tmp_path / "a.log"
    log.write_text("1\n")
    async with following(log, from_start=True) as follower:
        await follower.until(1)
        with log.open("a") as writer:
            writer.write("2\n")
            log.rename(tmp_path / "a.log.1")
            log.write_text("3\n")
            writer.write("4\n")
            writer.flush()
            assert sorted(await follower.until(4)) == ["1", "2", "3", "4"]
            writer.write("5\n")
            writer.flush()
            assert (await follower.until(5))[-1] == "5"


async def test_truncation(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("first line\nsecond line\n")
    async with following(log, from_start=True) as follower:
        await follower.until(2)
        os.truncate(log, 0)
        add(log, "x\n")
        assert (await follower.until(3))[-1] == "x"


async def test_a_restart_goes_on_where_the_last_life_stopped(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("1\n2\nhalf")
    async with following(log, from_start=True) as follower:
        await follower.until(2)
    add(log, " done\n3\n")
    async with following(log, follower.positions) as later:
        assert await later.until(2) == ["half done", "3"]


async def test_a_restart_after_a_rotation_reads_the_old_file_to_its_end(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("1\n")
    async with following(log, from_start=True) as follower:
        await follower.until(1)
    add(log, "2\n")
    log.rename(tmp_path / "a.log.1")
    log.write_text("3\n")
    (tmp_path / "a.log.2.gz").write_bytes(gzip.compress(b"0\n"))
    async with following(log, follower.positions) as later:
        assert sorted(await later.until(2)) == ["2", "3"]


async def test_a_file_replaced_by_another_is_read_from_its_start(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("1\n2\n")
    async with following(log, from_start=True) as follower:
        await follower.until(2)
    log.unlink()
    log.write_text("other file\n")
    async with following(log, follower.positions) as later:
        assert await later.until(1) == ["other file"]


async def test_wide_text(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes("一\r\n二ਊ\r\n".encode("utf-16"))
    async with following(log, from_start=True) as follower:
        assert await follower.until(2) == ["一\r", "二ਊ\r"]


async def test_a_file_that_cannot_be_read_is_told_once_and_folders_never(tmp_path: Path) -> None:
    (tmp_path / "a.log").symlink_to(tmp_path / "a.log")
    (tmp_path / "b.log").write_text("1\n")
    (tmp_path / "c.log").mkdir()
    os.mkfifo(tmp_path / "d.log")
    async with following(tmp_path / "*.log", from_start=True) as follower:
        for number in range(1, 4):
            await follower.until(number)
            add(tmp_path / "b.log", "more\n")
        assert sorted(Path(what).name for what, _ in follower.reports) == ["a.log", "d.log"]


async def test_what_logrotate_copied_before_it_truncated_is_read_from_the_copy(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("1\n")
    async with following(log, from_start=True) as follower:
        await follower.until(1)
        add(log, "2\n3\n")
        (tmp_path / "a.log.1").write_bytes(log.read_bytes())
        os.truncate(log, 0)
        add(log, "4\n")
        assert sorted(await follower.until(4)) == ["1", "2", "3", "4"]
        assert (await follower.until(4))[0] == "1"


async def test_a_file_truncated_and_filled_past_where_we_were_is_read_from_its_start(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("old 1\n")
    async with following(log, from_start=True) as follower:
        await follower.until(1)
        log.write_text("new 1\nnew 2\nnew 3\n")
        assert await follower.until(4) == ["old 1", "new 1", "new 2", "new 3"]


async def test_a_restart_after_several_rotations_reads_what_came_between(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("1\n")
    async with following(log, from_start=True) as follower:
        await follower.until(1)
    add(log, "2\n")
    log.rename(tmp_path / "a.log.2")
    (tmp_path / "a.log.1").write_text("3\n4\n")
    os.utime(tmp_path / "a.log.2", (1, 1))
    os.utime(tmp_path / "a.log.1", (2, 2))
    (tmp_path / "a.logbook").write_text("another program's\n")
    log.write_text("5\n")
    async with following(log, follower.positions) as later:
        assert sorted(await later.until(4)) == ["2", "3", "4", "5"]
        assert later.reports == []


async def test_a_file_that_is_gone_before_it_was_read_to_its_end_is_told(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("1\n")
    async with following(log, from_start=True) as follower:
        await follower.until(1)
    log.unlink()
    log.write_text("2\n")
    async with following(log, follower.positions) as later:
        assert await later.until(1) == ["2"]
        assert [what for what, _ in later.reports] == [str(log)]
        assert "sentinel replay" in later.reports[0][1]


async def test_the_head_of_a_file_comes_with_lines_that_do_not_begin_with_it(tmp_path: Path) -> None:
    log = tmp_path / "conn.log"
    head = "#separator \\x09\n#fields\tts\tuid\n"
    log.write_text(head + "1\tC1\n")
    async with following(log) as follower:
        add(log, "2\tC2\n")
        async with asyncio.timeout(20):
            chunk = await follower.inlet.get()
        assert chunk.lines == [b"2\tC2"] and chunk.head == tuple(head.encode().splitlines()) + (b"1\tC1",)[:0]


async def test_a_folder_stands_for_the_files_in_it(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "conn.log").write_text("1\n")
    async with following(tmp_path, from_start=True) as follower:
        assert await follower.until(1) == ["1"]
        (tmp_path / "dns.log").write_text("2\n")
        assert await follower.until(2) == ["1", "2"]
    assert follower.reports == []


async def test_a_path_at_which_there_is_nothing_is_told_and_awaited(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    async with following(log) as follower:
        assert [what for what, _ in follower.reports] == [str(log)]
        log.write_text("1\n")
        assert await follower.until(1) == ["1"]
    assert len(follower.reports) == 1


async def test_a_source_that_is_begun_again_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "a.log"
    log.write_text("1\n2\nhal")
    async with following(log, from_start=True) as follower:
        await follower.until(2)
        source = follower.source
        monkeypatch.setattr(source, "_scan", _broken)
        with contextlib.suppress(RuntimeError):
            await follower.task
        monkeypatch.undo()
        add(log, "f\n3\n")
        again = asyncio.create_task(source.run())
        assert await follower.until(4) == ["1", "2", "half", "3"]
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)


def _broken() -> None:
    raise RuntimeError("scan on fire")


async def test_a_file_read_to_its_end_long_ago_is_not_missed(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("1\n")
    async with following(log, from_start=True) as follower:
        await follower.until(1)
    old = {f"{log} (before)": {"position": 99, "mark": "x", "mark_length": 9}}
    async with following(log, {**follower.positions, **old}) as later:
        add(log, "2\n")
        assert await later.until(1) == ["2"] and later.reports == []
