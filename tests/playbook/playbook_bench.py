"""Playbooks at work: an engine on a real database, a clock in the hand, actions that tell what they did."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from sentinel.duty import GuardPeriods
from sentinel.playbook import journal
from sentinel.playbook.action import Act, Call, Parameter, Result
from sentinel.playbook.engine import Engine
from sentinel.playbook.fault import ActionFailed
from sentinel.playbook.journal import Entry, Run
from sentinel.playbook.library import Library
from sentinel.playbook.sign import Sign
from sentinel.store import StoreWriter
from sentinel.text import Message


class Tell(Act):
    """Notes what it was called with; fails as often as asked to."""

    name = "tell"
    parameters = {"what": Parameter("string"), "fail": Parameter("integer", False)}
    touches = False

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.before: Callable[[Call], Any] = lambda call: None

    async def act(self, call: Call) -> Result:
        self.calls.append(call)
        hold = self.before(call)
        if hold is not None:
            await hold
        tries = sum(one.key == call.key and one.run == call.run for one in self.calls)
        if tries <= call.arguments.get("fail", 0):
            raise ActionFailed(Message("playbook.broke", reason="as asked"))
        return Result({"said": call.arguments["what"].upper(), "number": len(self.calls)})

    @property
    def said(self) -> list[str]:
        return [call.arguments["what"] for call in self.calls]


class Reach(Tell):
    """The same, out of the house."""

    name = "reach"
    touches = True


class Desk:
    """One life of an engine."""

    def __init__(self, engine: Engine, writer: StoreWriter, bench: Bench) -> None:
        self.engine = engine
        self.writer = writer
        self.bench = bench

    async def start(self, playbook: str = "p", **more: Any) -> Run:
        return await self.engine.start(playbook, more.pop("given", {}), actor="值班员甲", **more)

    async def until(
        self, holds: Callable[[Run, dict[str, Entry]], Any], run: Run
    ) -> tuple[Run, dict[str, Entry]]:
        while True:
            now, entries = await self.read(run)
            if holds(now, entries):
                return now, entries
            await asyncio.sleep(0.002)

    async def read(self, run: Run) -> tuple[Run, dict[str, Entry]]:
        now, entries = await self.writer.run(
            lambda db: (journal.find_run(db, run.id), journal.entries(db, run.id))
        )
        assert now is not None
        return now, {entry.key: entry for entry in entries}

    async def end(self, run: Run) -> Run:
        return (await self.until(lambda now, _: now.ended is not None, run))[0]

    async def undone(self, run: str) -> None:
        """Until nothing of a run is left that is due to be taken back."""
        while await self.writer.run(
            lambda db: [*journal.undos(db, now=self.bench.now), *journal.undos(db, run=run, states=["begun"])]
        ):
            await asyncio.sleep(0.002)

    async def waits(self, run: Run, key: str) -> Entry:
        _, entries = await self.until(
            lambda _, entries: key in entries and entries[key].state == "waiting" and self.engine.waiting, run
        )
        return entries[key]

    async def say(self, run: Run, key: str, person: str, decision: str, value: str = "") -> None:
        now = self.bench.now
        await self.writer.run(lambda db: journal.answer(db, run, key, person, decision, value, now))
        await self.engine.look()

    async def later(self, seconds: float) -> None:
        self.bench.now += seconds
        await self.engine.look()


class Bench:
    """What outlives an engine: the database, the clock, what was said and told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 1000.0
        self.tell = Tell()
        self.reach = Reach()
        self.signs: list[Sign] = []
        self.periods = GuardPeriods()
        self.may: Callable[[str, str, float], bool] = lambda person, role, ts: True
        self.actions: dict[str, Act] = {"tell": self.tell, "reach": self.reach}
        self._ids = itertools.count(1)
        (folder / "playbooks").mkdir()

    def write(self, workflow: Mapping[str, Any], id: str = "p", **more: Any) -> None:
        document = {
            "id": id, "name": "试", "name_en": "Trial", "triggers": [{"manual": True}], "workflow_start": "start",
            "workflow": {"start": {"type": "start", "on_completion": next(iter(workflow))}, **workflow}, **more,
        }  # fmt: skip
        (self.folder / "playbooks" / f"{id}.yaml").write_text(
            yaml.safe_dump(document, allow_unicode=True), "utf-8"
        )

    @property
    def library(self) -> Library:
        return Library.load([self.folder / "playbooks"], self.actions)

    @asynccontextmanager
    async def life(self) -> AsyncIterator[Desk]:
        library = self.library
        assert [str(problem) for problem in library.problems if not problem.warning] == []
        async with StoreWriter(self.folder / "s.sqlite") as writer:
            engine = Engine(
                writer, library, self.actions, clock=lambda: self.now, new_id=lambda: f"run{next(self._ids)}",
                tell=lambda database, sign: self.signs.append(sign), periods=lambda database, now: self.periods,
                may=lambda database, person, role, ts: self.may(person, role, ts),
            )  # fmt: skip
            async with engine:
                await engine.resume()
                yield Desk(engine, writer, self)

    async def die_midway(self) -> Run:
        """A life that ends while the first action is under way; the next goes on from there."""
        self.tell.before = lambda call: asyncio.Event().wait()
        async with self.life() as desk:
            run = await desk.start()
            await desk.until(lambda *_: self.tell.calls, run)
        self.tell.before = lambda call: None
        return run


def action(what: str, **more: Any) -> dict[str, Any]:
    return {"type": "action", "action": "tell", "arguments": {"what": what, **more.pop("with_", {})}, **more}


def manual(**more: Any) -> dict[str, Any]:
    return {"type": "manual", "instruction": "打电话", "instruction_en": "Call", **more}
