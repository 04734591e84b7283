"""Incidents under load: `python bench/incident.py storm|steady|million|kill`.

storm: 10,000 alerts/s for 10 s, all alike and then from everywhere to everywhere. steady: 1,000 alerts/s for 60 s from
commit to incident, with the event loop's lag. million: list, filter and count among a million. kill: SIGKILL at random
moments, then every committed alert must be in exactly one incident.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sentinel.event import Alert, Level
from sentinel.incident import IncidentSettings
from sentinel.incident.listing import Filter, count_incidents, list_incidents, open_by_state_and_level
from sentinel.incident_desk import IncidentDesk
from sentinel.store import AlertStore, StoreWriter
from sentinel.store.writer import open_database


def alerts(start: int, number: int, sources: int, victims: int, rules: int = 1) -> list[Alert]:
    chosen = random.Random(start)
    return [
        Alert(
            ts=1.8e9 + n / 10_000,
            id=f"a{n}",
            level=Level.HIGH,
            title="端口扫描",
            rule_id=f"r{chosen.randrange(rules)}",
            category="NASCAN",
            kind="conn",
            src=_address(chosen.randrange(sources)),
            dst=_address(chosen.randrange(victims) + (10 << 24)),
            fields={"id.resp_p": 22, "history": "S"},
        )
        for n in range(start, start + number)
    ]


def _address(number: int) -> str:
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


async def flow(path: Path, rate: int, seconds: int, sources: int, victims: int, rules: int = 1) -> None:
    """`rate` alerts a second through the store into incidents; say what came of it."""
    changes, lags = 0, []

    def hear(some: Any) -> None:
        nonlocal changes
        changes += len(some)

    async def feel() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            lags.append(time.perf_counter() - before - 0.005)

    async with StoreWriter(path) as writer:
        store, desk = AlertStore(writer), IncidentDesk(IncidentSettings(), writer, hear=[hear])
        running, feeling = asyncio.create_task(desk.run()), asyncio.create_task(feel())
        begin, sent, slice_ = time.perf_counter(), 0, max(1, rate // 20)
        while sent < rate * seconds:
            await store.add(alerts(sent, slice_, sources, victims, rules))
            sent += slice_
            desk.wake()
            await asyncio.sleep(max(0.0, begin + sent / rate - time.perf_counter()))
        committed = time.perf_counter() - begin
        await desk.take()
        grouped = time.perf_counter() - begin
        feeling.cancel()
        running.cancel()
        counts = "SELECT count(*), sum(alerts) FROM incident"
        incidents, inside = await writer.run(lambda database: database.execute(counts).fetchone())
    lags.sort()
    print(
        f"  {sent} alerts: committed {committed:.1f} s, grouped {grouped:.1f} s; {incidents} incidents hold {inside};"
        f" {changes} changes; loop lag p50 {1e3 * lags[len(lags) // 2]:.1f} ms,"
        f" p99 {1e3 * lags[int(len(lags) * 0.99)]:.1f} ms, max {1e3 * lags[-1]:.1f} ms"
    )


def million(path: Path, number: int = 1_000_000) -> None:
    database = open_database(path)
    connection = database.conn
    states = (
        "new",
        "acknowledged",
        "investigating",
        "contained",
        "closed",
        "closed",
        "closed",
        "false_positive",
    )
    categories = ("NASCAN", "NAEXPLOIT", "MPMINER", "DETECH", "DSDATALEAK")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("BEGIN")
    chosen = random.Random(1)
    rows = (
        (
            f"20260101-{n}",
            "端口扫描",
            1.7e9 + n,
            states[n % 8] if n > number - 5000 else states[4 + n % 4],
            n % 5,
            4 - (n % 97 == 0),
            categories[n % 5],
            _address(chosen.randrange(1 << 16)),
            _address(chosen.randrange(1 << 12) + (10 << 24)),
            1.7e9 + n,
            1.7e9 + n,
            f"单位{n % 40}",
            None if n > number - 5000 and n % 8 < 4 else 1.7e9,
        )
        for n in range(number)
    )
    connection.executemany(
        "INSERT INTO incident (number, title, discovered_at, discovered_by, source, state, severity, level_suggested,"
        " category, attacker, victim, first_ts, last_ts, department, ended_at)"
        " VALUES (?, ?, ?, 'sentinel', 'rule', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
    connection.execute("COMMIT")
    worst = 0.0
    for name, chosen_filter in {
        "open": Filter(open=True),
        "all": Filter(),
        "state": Filter(state="investigating"),
        "closed": Filter(state="closed", drill=False),
        "level III": Filter(level=3, drill=False),
        "severity": Filter(severity=4),
        "category": Filter(category="DSDATALEAK"),
        "department": Filter(department="单位7"),
        "address": Filter(address="10.0.3.9"),
        "a day": Filter(since=1.7e9 + 500_000, until=1.7e9 + 586_400),
        "department and level": Filter(department="单位7", level=3),
    }.items():
        for verb, look in (("list", list_incidents), ("count", count_incidents)):
            begin = time.perf_counter()
            found = look(connection, chosen_filter)
            took = time.perf_counter() - begin
            worst = max(worst, took)
            shown = found if isinstance(found, int) else len(found)
            print(f"  {verb:5} {name:22} {shown:9} {1e3 * took:7.1f} ms")
    begin = time.perf_counter()
    open_by_state_and_level(connection)
    print(f"  gauges {1e3 * (time.perf_counter() - begin):.1f} ms; slowest of all {1e3 * worst:.1f} ms")


async def _feed(path: Path) -> None:
    """Commit and group without end, going on where the former life stopped; each committed batch is said."""
    async with StoreWriter(path) as writer:
        store, desk = AlertStore(writer), IncidentDesk(IncidentSettings(), writer)
        running = asyncio.create_task(desk.run())
        start = await store.count()
        while not running.done():
            await store.add(alerts(start, 50, 40, 40))
            start += 50
            print(start, flush=True)
            desk.wake()


def kill(path: Path, times: int) -> list[str]:
    """What was lost or doubled over so many sudden deaths; empty is right."""
    chosen, said = random.Random(7), 0
    for _ in range(times):
        process = subprocess.Popen(
            [sys.executable, __file__, "feed", "--database", str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        said = int(process.stdout.readline())
        time.sleep(chosen.random() * 0.2)
        os.kill(process.pid, signal.SIGKILL)
        for line in process.stdout:
            said = int(line) if line.endswith("\n") else said
        process.wait()
    asyncio.run(_catch_up(path))
    return amiss(path, said)


async def _catch_up(path: Path) -> None:
    async with StoreWriter(path) as writer:
        await IncidentDesk(IncidentSettings(), writer).take()


def amiss(path: Path, said: int) -> list[str]:
    """What does not agree between alerts and incidents."""
    database = sqlite3.connect(path)
    one = lambda query: database.execute(query).fetchone()[0] or 0  # noqa: E731
    committed, linked = one("SELECT count(*) FROM alert"), one("SELECT count(*) FROM incident_alert")
    found = {
        "announced, not committed": max(0, said - committed),
        "alerts in no incident": committed - linked,
        "alerts in two": linked - one("SELECT count(DISTINCT alert) FROM incident_alert"),
        "sums that differ": committed - one("SELECT sum(alerts) FROM incident"),
        "findings that differ": committed - one("SELECT sum(alerts) FROM incident_finding"),
        "created twice": one("SELECT count(*) FROM incident")
        - one("SELECT count(DISTINCT incident) FROM incident_timeline WHERE action = 'created'"),
        "not counted": committed - one("SELECT value FROM incident_account WHERE name = 'grouped'"),
    }
    print(
        f"  {committed} alerts committed, {linked} grouped, {one('SELECT count(*) FROM incident')} incidents"
    )
    database.close()
    return [f"{name}: {number}" for name, number in found.items() if number]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["storm", "steady", "million", "kill", "feed"])
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--database", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.database or Path(folder) / "s.sqlite"
        if options.what == "storm":
            asyncio.run(flow(path, 10_000, options.seconds or 10, 1, 1))
            asyncio.run(flow(path.with_name("t.sqlite"), 10_000, options.seconds or 10, 1 << 24, 1 << 20))
        elif options.what == "steady":
            asyncio.run(flow(path, 1000, options.seconds or 60, 500, 200, 20))
        elif options.what == "million":
            million(path)
        elif options.what == "feed":
            asyncio.run(_feed(path))
        elif wrong := kill(path, options.times):
            print("\n".join(wrong))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
