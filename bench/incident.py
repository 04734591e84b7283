"""Incidents under load: `python bench/incident.py storm|steady|million|kill`.

The whole way of the agent: frames of a capture worker → commit → incidents → outbox → a channel's HTTP server.
storm: 10,000 alerts/s for 10 s, all alike and then from everywhere to everywhere. steady: 1,000 alerts/s for 60 s, with
the event loop's lag, all of them published to a mosquitto and sent by syslog besides. million: list, filter and count among
a million. kill: SIGKILL at random moments, then every committed alert must be in exactly one incident, and everything to be
told in the outbox once and at the server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.figure import Figure, as_json, as_table
from bench.outside import Outside
from sentinel.agent import Agent
from sentinel.capture.settings import CaptureSettings
from sentinel.config import Config, MetricsSettings
from sentinel.event import Alert, Level
from sentinel.frame import WorkerFrame, encode_frame
from sentinel.incident.listing import Filter, count_incidents, list_incidents, open_by_state_and_level
from sentinel.log import set_up_log
from sentinel.notify import ChannelSettings, NotifySettings
from sentinel.rule import RuleSet
from sentinel.store import OutputSettings, StoreSettings
from sentinel.store.writer import open_database

_TOLD = ("created", "grown", "again", "released", "clock_warned", "clock_overdue", "escalated")
"""Entries of the timeline that the outbox has a message for."""
_OUTSIDE = ("mqtt", "syslog")
_PATIENCE = 120.0
"""Seconds for the last alerts to be grouped and messages to be delivered."""


def alerts(
    start: int, number: int, sources: int, victims: int, rules: int = 1, a_day: int = 1 << 60
) -> list[Alert]:
    """10,000 a second by their own time; after `a_day` of them a day has passed."""
    chosen = random.Random(start)
    return [
        Alert(
            ts=1.8e9 + n / 10_000 + n // a_day * 86_400,
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


class Server:
    """A channel's HTTP server; remembers the ids of messages."""

    def __init__(self) -> None:
        taken: Counter[str] = Counter()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                taken[self.headers["Idempotency-Key"]] += 1
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *words: object) -> None: ...

        self.taken = taken
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Server:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Worker:
    """In the place of the supervisor: one worker, whose frames come from `frames`; then it lives until it is stopped."""

    interfaces = {"lo": "lo"}
    running = frozenset({"lo"})

    def __init__(self, frames: Callable[[], AsyncIterator[bytes]]) -> None:
        self._frames = frames
        self._stopped = asyncio.Event()

    def __call__(self, *arguments: Any) -> Worker:
        return self

    async def __aenter__(self) -> Worker:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.stop()

    def process_id(self, worker: str) -> int | None:
        return os.getpid()

    def stop(self) -> None:
        self._stopped.set()

    def reload(self) -> None: ...

    async def frames(self) -> AsyncIterator[tuple[str, bytes]]:
        async for frame in self._frames():
            yield "lo", frame
        await self._stopped.wait()


class Announcer:
    """Says on standard output up to which alert all are committed."""

    lost = 0

    def write_lines(self, kind: str, lines: bytes) -> None:
        last = json.loads(lines.splitlines()[-1])["id"]
        os.write(1, b"%d\n" % (int(last[1:]) + 1))  # at once: a death leaves no half line

    def flush(self) -> None: ...
    def reopen(self) -> None: ...
    def close(self) -> None: ...


def agent(
    path: Path,
    url: str,
    worker: Worker,
    *,
    per_minute: int = 18,
    announce: bool = False,
    outside: Outside | None = None,
) -> Agent:
    """The agent with nothing but alerts, incidents, one channel, and what is `outside` for feeds."""
    channel = ChannelSettings(name="group", url=url, body="{text}", per_minute=per_minute)
    config = Config(
        capture=CaptureSettings(interfaces=("lo",)),
        store=StoreSettings(path=str(path)),
        output=OutputSettings(events="", alerts=""),
        metrics=MetricsSettings(enabled=False),
        notify=NotifySettings(
            retry=0.2,
            channels=(channel, outside.channel) if outside else (channel,),
            feeds=(outside.feed,) if outside else (),
        ),
        root=path.parent,
    )
    announcements = Announcer() if announce else None
    return Agent(config, supervise=worker, load_rules=lambda *_: RuleSet([]), announcements=announcements)


@dataclass(frozen=True, slots=True)
class Flow:
    """What came of a stream of alerts. Times in seconds."""

    alerts: int
    sent: float
    """When the last alert had been sent."""
    grouped: float
    """When all were committed and in incidents."""
    incidents: int
    held: int
    """Alerts that the incidents say they hold."""
    messages: int
    missing: int
    """Alerts that a feed did not bring, or brought twice."""
    busy: float
    """Processor time of the process while alerts came, as a share of one core."""
    lags: list[float]
    """How much later than asked the event loop woke, sorted."""

    def lag(self, share: float) -> float:
        """Milliseconds that so large a share of the lags stays below."""
        return 1e3 * self.lags[min(int(len(self.lags) * share), len(self.lags) - 1)]

    def figures(self, what: str, **most: float) -> list[Figure]:
        """`most`: what is wanted of `incidents`, `messages` and `lag` (p99)."""
        return [
            Figure(f"{what}: alerts in no incident", self.alerts - self.held, most=0, note=f"of {self.alerts}"),
            Figure("  incidents", self.incidents, most=most.get("incidents")),
            Figure("  messages in the outbox", self.messages, most=most.get("messages")),
            Figure("  not once at the MQTT subscriber and the syslog receiver", self.missing, most=0),
            Figure("  behind at the end", self.grouped - self.sent, "s"),
            Figure("  processor time, of one core", self.busy),
            Figure("  lag of the event loop, p99", self.lag(0.99), "ms", most=most.get("lag"),
                   note=f"p50 {self.lag(0.5):.1f}, largest {self.lag(1):.0f}"),
        ]  # fmt: skip


async def flow(
    path: Path,
    url: str,
    rate: int,
    seconds: int,
    sources: int,
    victims: int,
    rules: int = 1,
    outside: Outside | None = None,
) -> Flow:
    """`rate` alerts a second through the agent into incidents and outbox, and `outside` where that is there."""
    number, slice_ = rate * seconds, max(1, rate // 20)
    frames = [
        encode_frame(WorkerFrame(alerts=alerts(start, slice_, sources, victims, rules)))
        for start in range(0, number, slice_)
    ]
    lags: list[float] = []
    begin = sent = grouped = used = busy = 0.0

    async def paced() -> AsyncIterator[bytes]:
        nonlocal begin, sent, grouped, used, busy
        begin, used = time.perf_counter(), time.process_time()
        feeling = asyncio.create_task(feel())
        for place, frame in enumerate(frames, 1):
            yield frame
            await asyncio.sleep(max(0.0, begin + place * slice_ / rate - time.perf_counter()))
        sent = time.perf_counter() - begin
        busy = (time.process_time() - used) / sent
        await settled(path, number)
        if outside is not None:
            await outside.all_heard(number, _PATIENCE)
        grouped = time.perf_counter() - begin
        feeling.cancel()
        running.stop("done")

    async def feel() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            lags.append(time.perf_counter() - before - 0.005)

    running = agent(path, url, Worker(paced), outside=outside)
    await running.run()
    one = _asking(path)
    return Flow(
        number,
        sent,
        grouped,
        one("SELECT count(*) FROM incident"),
        one("SELECT sum(alerts) FROM incident"),
        one("SELECT count(*) FROM outbox"),
        0
        if outside is None
        else sum(number - list(outside.heard(what).values()).count(1) for what in _OUTSIDE),
        busy,
        sorted(lags),
    )


async def _steady(path: Path, url: str, seconds: int) -> Flow:
    async with Outside(path.parent) as outside:
        return await flow(path, url, 1000, seconds, 500, 200, 20, outside)


async def settled(path: Path, number: int, *, delivered: bool = False) -> None:
    """Wait until `number` alerts and all others are grouped, and where asked all messages delivered.

    Where that never comes it ends nevertheless: what is missing shows in the numbers.
    """
    patience = time.monotonic() + _PATIENCE
    waiting = "SELECT count(*) FROM outbox WHERE state = 'waiting'"

    def done() -> bool:
        one = _asking(path)
        last = one("SELECT max(rowid) FROM alert")
        grouped = last >= number and one("SELECT value FROM incident_account WHERE name = 'position'") == last
        return grouped and not (delivered and one(waiting))

    def wait() -> None:
        while not done() and time.monotonic() < patience:
            time.sleep(0.1)

    await asyncio.to_thread(wait)


def _asking(path: Path) -> Callable[[str], Any]:
    def one(query: str) -> Any:
        database = sqlite3.connect(path, timeout=30)
        try:
            return database.execute(query).fetchone()[0] or 0
        finally:
            database.close()

    return one


def million(path: Path, number: int = 1_000_000) -> list[Figure]:
    """The slowest of all ways to list, filter and count so many incidents."""
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
    worst, slowest = 0.0, ""
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
            assert found
            if took > worst:
                worst, slowest = took, f"{verb}: {name}"
    begin = time.perf_counter()
    open_by_state_and_level(connection)
    gauges = time.perf_counter() - begin
    return [
        Figure(f"{number / 1e6:g} M incidents: list, filter, count, the slowest", 1e3 * worst, "ms", most=200,
               note=slowest),
        Figure("  their gauges", 1e3 * gauges, "ms", most=200),
    ]  # fmt: skip


async def _feed(path: Path, url: str) -> None:
    """Live without end, going on where the former life stopped; days pass in its events, so incidents begin all along."""

    async def endless() -> AsyncIterator[bytes]:
        start = int(_asking(path)("SELECT count(*) FROM alert"))
        while True:
            yield encode_frame(WorkerFrame(alerts=alerts(start, 50, 2, 2, a_day=50)))
            start += 50
            await asyncio.sleep(0)

    await agent(path, url, Worker(endless), per_minute=100_000, announce=True).run()


def nursery(path: Path, url: str) -> None:
    """For each line read, one life, which is waited for: a fork spares it the seconds of the imports."""
    for _ in sys.stdin:
        process = os.fork()
        if process == 0:
            asyncio.run(_feed(path, url))
            os._exit(1)
        print(f"life {process}", flush=True)
        os.waitpid(process, 0)
        print("death", flush=True)


def kill(path: Path, times: int) -> list[str]:
    """What was lost or doubled over so many sudden deaths; empty is right."""
    chosen, said = random.Random(7), 0
    with Server() as server:
        process = subprocess.Popen(
            [sys.executable, __file__, "nursery", "--database", str(path), "--url", server.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None and process.stdout is not None
        for _ in range(times):
            process.stdin.write("\n")
            process.stdin.flush()
            said = max(said, _life(process.stdout, chosen))
        process.stdin.close()
        process.wait()
        asyncio.run(_catch_up(path, server.url))
        return amiss(path, said, server.taken)


def _life(lines: Iterator[str], chosen: random.Random) -> int:
    """One life and its sudden end, mostly amid its work, at times while it starts; the last number it said."""
    word, _, process = next(lines).partition(" ")
    assert word == "life"
    said = 0
    if chosen.random() < 0.8:
        said = int(next(lines))
    time.sleep(chosen.random() * 0.4)
    os.kill(int(process), signal.SIGKILL)
    while (line := next(lines)) != "death\n":
        said = int(line)
    return said


async def _catch_up(path: Path, url: str) -> None:
    """A last life without new alerts, which ends in peace."""

    async def nothing() -> AsyncIterator[bytes]:
        await settled(path, 0, delivered=True)
        last.stop("done")
        for frame in list[bytes]():
            yield frame

    last = agent(path, url, Worker(nothing), per_minute=100_000)
    await last.run()


def amiss(path: Path, said: int, taken: Counter[str]) -> list[str]:
    """What does not agree between alerts, incidents, outbox and what the channel's server has `taken`."""
    one = _asking(path)
    committed, linked = one("SELECT count(*) FROM alert"), one("SELECT count(*) FROM incident_alert")
    incidents, messages = one("SELECT count(*) FROM incident"), one("SELECT count(*) FROM outbox")
    entries = ", ".join(f"'{action}'" for action in _TOLD)
    database = sqlite3.connect(path)
    # What went along with another came under that one's id.
    written = {row[0] for row in database.execute("SELECT id FROM outbox WHERE within IS NULL")}
    database.close()
    found = {
        "announced, not committed": max(0, said - committed),
        "alerts in no incident": committed - linked,
        "alerts in two": linked - one("SELECT count(DISTINCT alert) FROM incident_alert"),
        "sums that differ": committed - one("SELECT sum(alerts) FROM incident"),
        "findings that differ": committed - one("SELECT sum(alerts) FROM incident_finding"),
        "created twice": incidents
        - one("SELECT count(DISTINCT incident) FROM incident_timeline WHERE action = 'created'"),
        "not counted": committed - one("SELECT value FROM incident_account WHERE name = 'grouped'"),
        "messages that differ from the timeline": messages
        - one(f"SELECT count(*) FROM incident_timeline WHERE action IN ({entries})")
        + one("SELECT count(*) FROM incident_timeline WHERE json_extract(detail, '$.heard') = 0"),
        "messages not delivered": one("SELECT count(*) FROM outbox WHERE state <> 'delivered'"),
        "messages that never came": len(written - taken.keys()),
        "messages within none": one(
            "SELECT count(*) FROM outbox WHERE within IS NOT NULL"
            " AND within NOT IN (SELECT seq FROM outbox WHERE within IS NULL)"
        ),
        "messages of no change": len(taken.keys() - written),
    }
    print(
        f"{committed} alerts committed, {linked} grouped, {incidents} incidents, {messages} messages in {len(written)};"
        f" {sum(taken.values()) - len(taken)} came again under their id",
        file=sys.stderr,
    )
    return [f"{name}: {number}" for name, number in found.items() if number]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["storm", "steady", "million", "kill", "nursery"])
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--database", type=Path)
    parser.add_argument("--url", default="")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    set_up_log("error", "text")
    with tempfile.TemporaryDirectory() as folder:
        path = options.database or Path(folder) / "s.sqlite"
        if options.what == "nursery":
            nursery(path, options.url)
            return 0
        figures = _figures(options.what, path, options.seconds, options.times)
    print(json.dumps(as_json(figures)) if options.json else as_table(figures))
    return 1 if any(figure.reached is False for figure in figures) and not options.json else 0


def _figures(what: str, path: Path, seconds: int, times: int) -> list[Figure]:
    if what == "million":
        return million(path)
    if what == "kill":
        wrong = kill(path, times)
        return [
            Figure(
                f"{times} sudden deaths: sorts of loss and doubling",
                len(wrong),
                most=0,
                note="; ".join(wrong),
            )
        ]
    with Server() as server:
        if what == "steady":
            steady = asyncio.run(_steady(path, server.url, seconds or 60))
            return steady.figures("1,000 alerts/s into incidents and outbox", lag=100)
        alike = asyncio.run(flow(path, server.url, 10_000, seconds or 10, 1, 1))
        other = asyncio.run(
            flow(path.with_name("t.sqlite"), server.url, 10_000, seconds or 10, 1 << 24, 1 << 20)
        )
        return [
            *alike.figures("a storm of 10,000 alerts/s, all alike", incidents=1, messages=5),
            *other.figures("the same from everywhere to everywhere"),
        ]


if __name__ == "__main__":
    # A worker that sends by itself needs no right to capture.
    with mock.patch("sentinel.agent.can_capture", return_value=None):
        sys.exit(main())
