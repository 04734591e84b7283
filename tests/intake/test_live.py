"""The intake as a whole: lines to events, silences and clocks to notices, positions kept, nothing stops it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sentinel.event import Auth, Conn, Event, Log, Notice
from sentinel.intake.chunk import Chunk
from sentinel.intake.live import Intake
from sentinel.intake.receive import UdpSource
from sentinel.intake.settings import IntakeSettings, SourceSettings

START = datetime(2024, 5, 1, tzinfo=UTC).timestamp()
FAILED = "<38>May  1 08:00:00 web1 sshd[9]: Failed password for root from 198.51.100.7 port 4242 ssh2"


class Desk:
    """Takes what the intake gives, at a clock of its own."""

    def __init__(self, *sources: SourceSettings, **options: Any) -> None:
        self.now = START
        self.events: list[Event] = []
        self.kept: dict[tuple[str, str], Mapping[str, Any]] = {}
        self.faults: list[tuple[str, str]] = []
        self.failing = False
        self.intake = Intake(
            IntakeSettings(sources=sources),
            self.take,
            self.keep,
            lambda what, why: self.faults.append((what, why)),
            now=lambda: self.now,
            **options,
        )

    async def take(self, events: Sequence[Event]) -> None:
        if self.failing:
            self.failing = False
            raise RuntimeError("desk on fire")
        self.events += events

    async def keep(self, positions: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
        self.kept.update(positions)

    def notes(self) -> list[str]:
        return [event.note for event in self.events if isinstance(event, Notice)]

    async def read(self, *chunks: Chunk) -> None:
        """Let the intake read these chunks to their end."""
        task = asyncio.create_task(self.intake.run())
        for chunk in chunks:
            await self.intake.inlet.put(chunk)
        async with asyncio.timeout(20):
            await self.intake.inlet.join()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


SYSLOG = SourceSettings(name="syslog", kind="udp", listen="127.0.0.1", port=0)


def chunk(*lines: str, sender: str = "10.0.0.2", arrival: float = START, **options: Any) -> Chunk:
    return Chunk("syslog", sender, [line.encode() for line in lines], arrival, host=sender, **options)


async def test_lines_become_events_of_their_source_and_are_accounted() -> None:
    desk = Desk(SYSLOG)
    await desk.read(chunk(FAILED, "no header at all"))
    log, auth, plain = desk.events
    assert isinstance(log, Log) and isinstance(auth, Auth) and isinstance(plain, Log)
    assert (log.source, log.host, log.ts, auth.src) == ("syslog", "web1", START, "198.51.100.7")
    assert (plain.host, plain.ts, plain.fields["message"]) == ("10.0.0.2", START, "no header at all")
    account = desk.intake.accounts["syslog"]
    assert (account.lines, account.events, account.unexplained, account.last) == (2, 3, 1, START)


async def test_a_real_datagram_arrives() -> None:
    desk = Desk(SYSLOG)
    (source,) = desk.intake.sources
    assert isinstance(source, UdpSource)
    task = asyncio.create_task(desk.intake.run())
    async with asyncio.timeout(20):
        await source.listening.wait()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(FAILED.encode(), ("127.0.0.1", source.port))
        while not desk.events:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert isinstance(desk.events[0], Log)


async def test_a_silent_sender_is_told_and_its_return() -> None:
    desk = Desk(SYSLOG)
    await desk.read(*(chunk("<13>x: y", arrival=START + number) for number in range(30)))
    desk.now = START + 29 + 59
    await desk.intake.look()
    assert desk.notes() == []
    desk.now += 2
    await desk.intake.look()
    await desk.intake.look()
    assert desk.notes() == ["Intake::Source_Silent"]
    assert desk.intake.accounts["syslog"].silent == 1
    await desk.read(chunk("<13>x: y", arrival=desk.now + 1))
    assert desk.notes() == ["Intake::Source_Silent", "Intake::Source_Back"]
    assert desk.intake.accounts["syslog"].silent == 0


async def test_the_files_of_a_source_are_silent_together() -> None:
    desk = Desk(SourceSettings(name="files", kind="file", paths=("/nowhere/*.log",)))

    def line(day: int, arrival: float) -> Chunk:
        return Chunk("files", f"/nowhere/{day}.log", [b"x"], arrival, reference=arrival)

    await desk.read(*(line(1, START + number) for number in range(30)))
    await desk.read(*(line(2, START + 30 + number) for number in range(600)))
    desk.now = START + 630
    await desk.intake.look()
    assert desk.notes() == []
    desk.now += 61
    await desk.intake.look()
    assert desk.notes() == ["Intake::Source_Silent"]


async def test_a_clock_that_is_off_is_told_once() -> None:
    desk = Desk(SYSLOG)
    late = "<13>May  1 07:58:00 web1 x: y"
    await desk.read(*(chunk(late, arrival=START + number / 10) for number in range(20)))
    assert desk.notes() == ["Intake::Clock_Offset"]
    await desk.intake.look()
    assert -123 < desk.intake.accounts["syslog"].offset < -119


async def test_a_zone_that_is_another_is_found_by_the_clock() -> None:
    desk = Desk(SYSLOG)
    in_utc = "<13>May  1 00:00:00 web1 x: y"
    await desk.read(*(chunk(in_utc, arrival=START) for _ in range(10)))
    assert [event.ts for event in desk.events if isinstance(event, Log)][-1] == START
    assert desk.notes() == []


async def test_files_are_read_and_positions_kept(tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    log.write_text("May  1 08:00:00 h sshd[1]: Accepted password for bob from 10.0.0.9 port 1 ssh2\n")
    files = SourceSettings(name="files", kind="file", paths=(str(tmp_path / "*.log"),), from_start=True)
    desk = Desk(files)
    task = asyncio.create_task(desk.intake.run())
    async with asyncio.timeout(20):
        while len(desk.events) < 2:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert isinstance(desk.events[1], Auth) and desk.events[1].success
    assert desk.kept[("files", str(log))]["position"] == log.stat().st_size


async def test_an_error_of_ours_costs_one_chunk_and_is_told() -> None:
    desk = Desk(SYSLOG)
    desk.failing = True
    await desk.read(chunk("<13>x: lost"), chunk("<13>x: kept"))
    assert [event.fields["message"] for event in desk.events if isinstance(event, Log)] == ["kept"]
    assert desk.faults == [("syslog: 10.0.0.2", "RuntimeError: desk on fire")]


async def test_the_same_fault_is_counted_each_time_and_told_now_and_then() -> None:
    desk = Desk(SYSLOG)
    for _ in range(5):
        desk.intake._fault("syslog", "0.0.0.0:514/udp", "Permission denied")
    desk.now += 601
    desk.intake._fault("syslog", "0.0.0.0:514/udp", "Permission denied")
    assert desk.intake.accounts["syslog"].faults == 6
    assert desk.faults == [("syslog: 0.0.0.0:514/udp", "Permission denied")] * 2


async def test_a_format_that_is_not_there_is_told_and_content_decides() -> None:
    desk = Desk(replace(SYSLOG, format="nothing"))
    await desk.read(chunk(FAILED))
    assert isinstance(desk.events[1], Auth)
    assert [what for what, _ in desk.faults] == ["syslog: format: nothing"]


async def test_senders_remembered_are_bounded(monkeypatch: Any) -> None:
    monkeypatch.setattr("sentinel.intake.live._MOST_STREAMS", 10)
    desk = Desk(SYSLOG)
    await desk.read(*(chunk("<13>x: y", sender=f"10.0.0.{number}") for number in range(50)))
    assert len(desk.events) == 50
    assert len(desk.intake._streams) == len(desk.intake._pulses) == 10


async def test_a_forged_or_broken_clock_counts_as_of_its_arrival_and_is_told() -> None:
    desk = Desk(SYSLOG)
    await desk.read(
        *(chunk("<13>1 9999-12-31T23:59:59Z h p - - - x", arrival=START + n) for n in range(3)),
        chunk(
            "<13>1 2000-01-01T00:00:00Z h p - - - x", '{"@timestamp": "nan", "a": 1}', "y", arrival=START + 9
        ),
        *(chunk("<13>1 2000-01-01T00:00:00Z h p - - - x", arrival=START + 10) for _ in range(9)),
    )
    logs = [event for event in desk.events if isinstance(event, Log)]
    assert [event.ts - START for event in logs[:6]] == [0, 1, 2, 9, 9, 9]
    assert desk.intake.accounts["syslog"].misdated == 14
    assert desk.notes() == ["Intake::Clock_Offset"]


async def test_a_relay_may_be_late_by_days() -> None:
    desk = Desk(SYSLOG)
    await desk.read(chunk("<13>1 2024-04-28T00:00:00Z h p - - - x"))
    assert desk.events[0].ts == START - 3 * 86400
    assert desk.intake.accounts["syslog"].misdated == 0


@pytest.mark.parametrize("forged", ["#fields\tx", "#separator a", "#Fields: message", "a,b,c,d,e"])
async def test_no_line_from_the_network_changes_how_those_behind_it_are_read(forged: str) -> None:
    desk = Desk(SYSLOG)
    await desk.read(chunk(forged), chunk(FAILED))
    assert isinstance(desk.events[0], Log) and desk.events[0].fields["message"] == forged
    assert isinstance(desk.events[2], Auth)


async def test_a_clock_set_right_is_no_longer_off() -> None:
    desk = Desk(SYSLOG)
    await desk.read(*(chunk("<13>May  1 08:02:00 web1 x: y", arrival=START + n / 10) for n in range(20)))
    await desk.intake.look()
    assert desk.intake.accounts["syslog"].offset > 100
    await desk.read(*(chunk("<13>May  1 08:00:04 web1 x: y", arrival=START + 3 + n / 100) for n in range(40)))
    await desk.intake.look()
    assert abs(desk.intake.accounts["syslog"].offset) < 5


async def test_a_zone_guessed_wrong_is_mended() -> None:
    desk = Desk(SYSLOG)
    await desk.read(*(chunk("<13>May  1 00:00:00 web1 x: y") for _ in range(10)))
    await desk.read(*(chunk(FAILED) for _ in range(10)))
    assert [event.ts for event in desk.events if isinstance(event, Log)][-1] == START


async def test_the_clock_of_a_file_is_told_by_its_least_late_record() -> None:
    desk = Desk(SourceSettings(name="files", kind="file", paths=("/nowhere/*.log",)))

    def line(stamp: str, arrival: float) -> Chunk:
        return Chunk("files", "/nowhere/a.log", [stamp.encode()], arrival, reference=arrival)

    buffered = [line(f"May  1 08:00:{n:02} h p: x", START + 30) for n in range(0, 30, 3)]
    await desk.read(*buffered, line("May  1 08:00:30 h p: x", START + 31))
    await desk.intake.look()
    assert desk.intake.accounts["files"].offset == -1 and desk.notes() == ["Intake::Clock_Offset"]
    desk = Desk(SourceSettings(name="files", kind="file", paths=("/nowhere/*.log",)))
    await desk.read(*(line("May  1 08:10:00 h p: x", START + n / 10) for n in range(20)))
    await desk.intake.look()
    assert desk.intake.accounts["files"].offset > 590 and desk.notes() == ["Intake::Clock_Offset"]


async def test_who_does_not_speak_again_after_a_restart_is_silent() -> None:
    desk = Desk(SYSLOG)
    await desk.read(*(chunk("<13>x: y", arrival=START + number) for number in range(30)))
    later = Desk(SYSLOG, positions=desk.kept)
    await later.intake.look()
    assert later.notes() == []
    later.now = START + 61
    await later.intake.look()
    assert later.notes() == ["Intake::Source_Silent"]
    await later.read(chunk("<13>x: y", sender="10.0.0.9", arrival=later.now))
    last = Desk(SYSLOG, positions=later.kept)
    last.now = START + 3600
    await last.intake.look()
    assert last.notes() == [] and last.intake.accounts["syslog"].silent == 1
    await last.read(chunk("<13>x: y", arrival=last.now))
    assert last.notes() == ["Intake::Source_Back"] and last.intake.accounts["syslog"].silent == 0


async def test_a_source_with_a_silence_of_its_own_that_never_speaks_is_told() -> None:
    desk = Desk(replace(SYSLOG, silence=300.0))
    desk.now += 301
    await desk.intake.look()
    await desk.intake.look()
    assert desk.notes() == ["Intake::Source_Silent"]
    await desk.read(chunk("<13>x: y", arrival=desk.now))
    assert desk.notes()[-1] == "Intake::Source_Back" and desk.intake.accounts["syslog"].silent == 0


async def test_forged_senders_do_not_push_out_those_we_know(monkeypatch: Any) -> None:
    monkeypatch.setattr("sentinel.intake.live._MOST_STREAMS", 10)
    desk = Desk(SYSLOG)
    await desk.read(*(chunk("<13>x: y", arrival=START + number) for number in range(30)))
    await desk.read(*(chunk("<13>x: y", sender=f"10.9.0.{number}") for number in range(100)))
    desk.now = START + 100
    await desk.intake.look()
    assert desk.notes() == ["Intake::Source_Silent"]
    await desk.read(
        *(chunk("<13>x: y", sender=f"10.8.0.{n}", arrival=desk.now) for n in range(12) for _ in range(20))
    )
    await desk.intake.look()
    assert desk.notes().count("Intake::Too_Many_Senders") == 1
    assert len(desk.intake._streams) == 10


async def test_a_table_is_read_on_after_a_restart(tmp_path: Path) -> None:
    log = tmp_path / "conn.log"
    names = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto".split()
    kinds = "time string addr port addr port enum".split()
    row = "{}\tC{}\t10.0.0.1\t1\t10.0.0.2\t53\tudp\n"
    head = (
        "#separator \\x09\n#path\tconn\n"
        + "\t".join(["#fields", *names])
        + "\n"
        + "\t".join(["#types", *kinds])
    )
    log.write_text(f"{head}\n" + row.format(START, 1))
    files = SourceSettings(name="files", kind="file", paths=(str(log),), from_start=True)
    positions: Mapping[tuple[str, str], Mapping[str, Any]] = {}
    for life in (1, 2):
        desk = Desk(files, positions=positions)
        task = asyncio.create_task(desk.intake.run())
        async with asyncio.timeout(20):
            while not desk.events:
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        (event,) = desk.events
        assert isinstance(event, Conn) and event.uid == f"C{life}"
        positions = desk.kept
        with log.open("a") as file:
            file.write(row.format(START + 1, life + 1))
