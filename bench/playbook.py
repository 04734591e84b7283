"""Playbook runs under sudden death: a process is killed with SIGKILL at random moments until all its runs have ended.

    python bench/playbook.py --kills 200 [--runs 8] [--seed 1]

Each run takes every way there is: branches, a loop, retries, each `on_unknown`, a person, approvals that expire to yes
and to no, an action in the journal's own transaction, a rollback with a time. People answer all the while, whether the
daemon lives or not. Afterwards every run must be done, every finished step must have acted, and no step may have acted
more often than once and once more for each time that it was reported unknown and is to be done again; what nobody
agreed to was not done, what was noted in the transaction was noted once, and nothing was taken back before its time.
Prints what was found; exit 1 where anything is amiss.

    python bench/playbook.py --crowd 5000

So many runs at once, each of an action, a person and another action: how long until all wait for people, how long from
the answers to the ends, how far the loop lagged meanwhile, and the memory. Each step is on the journal and the trail.
"""

from __future__ import annotations

import argparse
import array
import asyncio
import collections
import contextlib
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import yaml
from sqlite_utils import Database

from sentinel.collector import relax_collector
from sentinel.playbook import journal
from sentinel.playbook.action import Act, Call, Parameter, Result
from sentinel.playbook.engine import Engine, queue_run
from sentinel.playbook.library import Library
from sentinel.store import StoreError, StoreWriter, audit
from sentinel.store.session import in_transaction
from sentinel.store.writer import open_database

_LIFTED = 0.2
"""Seconds until what was done last is taken back."""
_STEPS = 6
"""Actions in each of two branches, and again in a loop of three turns."""
_ACTIONS = 2 * _STEPS + 2 * 3 + 7
"""Actions of a run."""


class Mark(Act):
    """Writes one line for each time it acts; slow enough to be caught in the middle."""

    name = "mark"
    parameters = {"what": Parameter("integer")}

    def __init__(self, file: Path) -> None:
        self._file = file

    async def act(self, call: Call) -> Result:
        with self._file.open("ab", buffering=0) as out:
            out.write(f"{call.run} {call.key} {time.time()}\n".encode())
        await asyncio.sleep(0.002)
        return Result({"n": 1 + call.arguments["what"]})


class Tally(Act):
    """Notes itself in the journal's own transaction."""

    name = "tally"
    parameters: ClassVar[dict[str, Parameter]] = {}
    transactional = True
    touches = False

    async def act(self, call: Call) -> Result:
        def commit(database: Database) -> Mapping[str, Any]:
            database.conn.execute("INSERT INTO tally (run) VALUES (?)", (call.run,))
            return {}

        return Result(commit=commit)


def _actions(folder: Path) -> dict[str, Act]:
    return {"mark": Mark(folder / "marks"), "tally": Tally()}


def _playbook() -> dict[str, object]:
    workflow: dict[str, object] = {
        "start": {"type": "start", "on_completion": "p"},
        "p": {"type": "parallel", "next_steps": ["a0", "b0"], "on_completion": "w"},
        "w": {"type": "while", "condition": "__n__:value < 3", "on_true": "t", "on_completion": "skip"},
        "t": _mark("t1", "__n__:value", save={"n": "n"}),
        "t1": _mark("", 0, retry={"times": 1, "pause": 0}, deadline=3600),
        "skip": _mark("fail", 0, on_unknown="skip"),
        "fail": _mark("ask", 0, on_unknown="fail"),
        "ask": _mark("person", 0, on_unknown="ask"),
        "person": {"type": "manual", "instruction": "x", "instruction_en": "x", "on_completion": "agreed"},
        "agreed": _mark("refused", 0, approval={"expiry": 0.05, "default": "approve"}),
        "refused": _mark("tally", 0, approval={"expiry": 0.05, "default": "reject", "persons": 2}),
        "tally": {"type": "action", "action": "tally", "on_completion": "last"},
        "last": _mark("end", 0, rollback={"action": "mark", "arguments": {"what": 0}, "after": _LIFTED}),
        "end": {"type": "end"},
    }
    for branch in "ab":
        for n in range(_STEPS):
            workflow[f"{branch}{n}"] = _mark(f"{branch}{n + 1}" if n + 1 < _STEPS else "", 0)
    return {
        "id": "p", "name": "试", "name_en": "Trial", "triggers": [{"manual": True}], "workflow_start": "start",
        "variables": {"n": {"type": "integer", "value": 0}}, "workflow": workflow,
    }  # fmt: skip


def _mark(then: str, what: int | str, **more: object) -> dict[str, object]:
    step = {"type": "action", "action": "mark", "arguments": {"what": what}, "on_unknown": "retry", **more}
    return {**step, "on_completion": then} if then else step


def prepare(folder: Path, runs: int) -> None:
    """A database in which `runs` runs are queued."""
    (folder / "playbooks").mkdir(parents=True)
    (folder / "playbooks" / "p.yaml").write_text(yaml.safe_dump(_playbook()))
    database = open_database(folder / "s.sqlite")
    database.conn.execute("CREATE TABLE tally (run TEXT NOT NULL)")
    library = _library(folder)
    for n in range(runs):
        queue_run(database, library, "p", {}, id=f"r{n}", now=float(n), actor="bench")
    database.close()


def _library(folder: Path) -> Library:
    library = Library.load([folder / "playbooks"], _actions(folder))
    assert not library.problems, [str(problem) for problem in library.problems]
    return library


async def live(folder: Path) -> None:
    """One life: go on until every run has ended and every rollback was done."""
    async with StoreWriter(folder / "s.sqlite") as writer:
        engine = Engine(writer, _library(folder), _actions(folder))
        async with engine:
            (folder / "alive").touch()
            await engine.resume()
            while await writer.run(_under_way):
                await engine.look()
                await asyncio.sleep(0.005)


def _under_way(database: object) -> bool:
    left = journal.runs(database, ["queued", "running"], 1)  # type: ignore[arg-type]
    return bool(left or journal.undos(database, states=["waiting", "begun"]))  # type: ignore[arg-type]


def answer(folder: Path) -> None:
    """What people say to all that waits for them, each thing once."""

    def say(database: Database) -> None:
        for entry in journal.open_entries(database):
            run = journal.find_run(database, entry.run)
            since = [one.ts for one in journal.answers(database, entry.run, entry.key)]
            if entry.step != "approval" and run is not None and not any(ts >= entry.begun for ts in since):
                said = "retry" if entry.step == "unknown" else "done"
                journal.answer(database, run, entry.key, "甲", said, "", time.time())

    in_transaction(folder / "s.sqlite", say)


@contextmanager
def people(folder: Path) -> Iterator[None]:
    """People who answer all the while."""
    stop = threading.Event()

    def go_on() -> None:
        while not stop.wait(0.02):
            with contextlib.suppress(StoreError):  # the next time, then
                answer(folder)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def kill(folder: Path, kills: int, runs: int = 8, seed: int = 1) -> tuple[int, list[str]]:
    """Kill at `kills` random moments, preparing new work when one lot is done; how many, and what was amiss."""
    chance = random.Random(seed)
    amiss: list[str] = []
    killed, lot = 0, 0
    while killed < kills:
        lot += 1
        place = folder / f"lot{lot}"
        prepare(place, runs)
        with people(place):
            killed = _live_and_die(place, kills, killed, chance, amiss)
        amiss += [f"lot {lot}: {one}" for one in examine(place, runs)]
    return killed, amiss


def _live_and_die(place: Path, kills: int, killed: int, chance: random.Random, amiss: list[str]) -> int:
    """Lives until all has ended in one; how often it was killed by then."""
    while True:
        (place / "alive").unlink(missing_ok=True)
        process = subprocess.Popen((sys.executable, __file__, "--live", str(place)))
        patience = chance.uniform(0.0, 0.3) if killed < kills else 120.0
        started = time.monotonic()
        while process.poll() is None and not (place / "alive").exists() and time.monotonic() < started + 30:
            time.sleep(0.001)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
            continue
        if process.returncode:
            amiss.append(f"{place.name}: a life ended with {process.returncode}")
        return killed


def examine(folder: Path, runs: int) -> list[str]:
    """What is not as it should be once all has ended."""
    amiss = []
    database = open_database(folder / "s.sqlite")
    acted: collections.Counter[str] = collections.Counter()
    when: dict[str, float] = {}
    for line in (folder / "marks").read_text().splitlines():
        id, _, ts = line.rpartition(" ")
        acted[id] += 1
        when.setdefault(id, float(ts))
    unknown = collections.Counter(
        f"{row.subject[4:]} {row.detail['step']}"
        for row in audit.rows(database, limit=10_000_000)
        if row.action in ("playbook.unknown.unknown", "playbook.unknown.waiting")
    )
    if (bad := audit.verify(database)) is not None:
        amiss.append(f"the audit trail is broken at row {bad}")
    ended = journal.runs(database, limit=runs + 1)
    if len(ended) != runs or any(run.state != "done" or not run.reason for run in ended):  # one was refused
        amiss.append(f"runs: {collections.Counter(run.state for run in ended)}")
    for run in ended:
        entries = {entry.key: entry for entry in journal.entries(database, run.id)}
        done = [entry for entry in entries.values() if entry.step in ("action", "unknown")]
        if len(done) != _ACTIONS or not all(entry.finished for entry in entries.values()):
            amiss.append(
                f"{run.id}: {len(done)} actions on the journal instead of {_ACTIONS}, or one without an end"
            )
        for entry in done:
            times, caught = acted.pop(f"{run.id} {entry.key}", 0), unknown[f"{run.id} {entry.key}"]
            least, most = _bounds(entry.key, caught)
            if not least <= times <= most:
                amiss.append(f"{run.id} {entry.key}: acted {times} times, {least} to {most} explained")
            if (entry.state == "failed") != (entry.key == "refused" or (entry.key == "fail" and caught > 0)):
                amiss.append(f"{run.id} {entry.key}: {entry.state}")
        if entries["agreed?"].state != "done" or entries["refused?"].state != "failed":
            amiss.append(f"{run.id}: approvals did not end as they should")
        if entries["person"].outcome.get("person") != "甲":
            amiss.append(f"{run.id}: the person was not heard")
        if acted.pop(f"{run.id} last<", 0) < 1:
            amiss.append(f"{run.id}: never taken back")
        elif when[f"{run.id} last<"] < when[f"{run.id} last"] + _LIFTED:
            amiss.append(f"{run.id}: taken back before its time")
    tallies = database.conn.execute("SELECT run FROM tally ORDER BY run").fetchall()
    if tallies != [(f"r{n}",) for n in range(runs)]:
        amiss.append(f"noted in the transaction: {len(tallies)} times in {runs} runs")
    if acted:
        amiss.append(f"acts that no journal knows: {list(acted)[:3]}")
    database.close()
    return amiss


def _bounds(key: str, caught: int) -> tuple[int, int]:
    """How often a step may have acted at least and at most, which a death caught so many times."""
    if key in ("refused", "tally"):  # the latter acts in the database alone
        return 0, 0
    if key in ("skip", "fail"):
        return (0 if caught else 1), 1
    return 1, 1 + caught


async def crowd(folder: Path, runs: int) -> dict[str, float]:
    """All runs under way at once, then to their ends; seconds, milliseconds and MiB."""
    (folder / "playbooks").mkdir(parents=True)
    document = _playbook()
    document["workflow"] = {
        "start": {"type": "start", "on_completion": "a"},
        "a": _mark("m", 0),
        "m": {
            "type": "manual",
            "instruction": "x",
            "instruction_en": "x",
            "deadline": 3600,
            "on_completion": "b",
        },
        "b": _mark("end", 0),
        "end": {"type": "end"},
    }
    (folder / "playbooks" / "p.yaml").write_text(yaml.safe_dump(document))
    library, lags = _library(folder), array.array("d")

    async def probe() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.01)
            lags.append(time.perf_counter() - begun - 0.01)

    async with StoreWriter(folder / "s.sqlite") as writer:
        engine = Engine(writer, library, _actions(folder), most=runs)
        async with engine:
            relax_collector()  # as the daemon does
            probing = asyncio.create_task(probe())
            begun = time.perf_counter()
            await writer.run(lambda database: _queue(database, library, runs))
            while engine.waiting < runs:
                await engine.look()
                await asyncio.sleep(0.1)
            waiting = time.perf_counter()
            await writer.run(_answer_all)
            while sum(engine.ended.values()) < runs:
                await engine.look()
                await asyncio.sleep(0.1)
            ended = time.perf_counter()
            probing.cancel()
            assert engine.ended["done"] == runs, engine.ended
        rows = await writer.run(
            lambda database: database.conn.execute("SELECT count(*) FROM audit").fetchone()[0]
        )
    lags_sorted = sorted(lags)
    return {
        "until all wait (s)": waiting - begun,
        "answers to ends (s)": ended - waiting,
        "rows of the trail": rows,
        "lag p99 (ms)": lags_sorted[len(lags_sorted) * 99 // 100] * 1000,
        "lag max (ms)": lags_sorted[-1] * 1000,
        "memory at most (MiB)": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _queue(database: Database, library: Library, runs: int) -> None:
    for n in range(runs):
        queue_run(database, library, "p", {}, id=f"r{n}", now=time.time(), actor="bench")


def _answer_all(database: Database) -> None:
    for run in journal.runs(database, ["running"], 1_000_000):
        journal.answer(database, run, "m", "x", "done", "", time.time())


def main() -> int:
    """Exit 0 where all is as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--live", type=Path)
    parser.add_argument("--crowd", type=int)
    options = parser.parse_args()
    if options.crowd:
        with tempfile.TemporaryDirectory() as folder:
            for name, value in asyncio.run(crowd(Path(folder), options.crowd)).items():
                print(f"{name}: {value:.1f}")
        return 0
    if options.live:
        asyncio.run(live(options.live))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        killed, amiss = kill(Path(folder), options.kills, options.runs, options.seed)
    for one in amiss:
        print(one)
    print(f"{killed} kills, {len(amiss)} things amiss")
    return 1 if amiss else 0


if __name__ == "__main__":
    sys.exit(main())
