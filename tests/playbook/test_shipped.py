"""The shipped playbooks, each run to its end: people's steps answered, approvals given, blocks and requests real."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiomqtt import Client, ProtocolVersion
from playbook_parts import Server, listed
from secure_shell import ISOLATE, RESTORE, SecureShell

from sentinel.config import Config, default_config
from sentinel.desk.playbook import PlaybookDesk, load_library
from sentinel.duty import DutyBook, Person, Role, Shift
from sentinel.metrics import Metrics
from sentinel.notify import ChannelSettings, Delivery
from sentinel.playbook import journal
from sentinel.playbook.cacao import export_cacao, import_cacao
from sentinel.playbook.engine import Engine
from sentinel.playbook.journal import Entry, Run
from sentinel.playbook.library import Library
from sentinel.playbook.rehearsal import rehearse
from sentinel.playbook.settings import SecretSettings
from sentinel.store import StoreWriter, audit
from tests.mosquitto import HERE, Broker, needs_mosquitto

ON_DUTY = ((Role.OFFICER, "丙"), (Role.LEADER, "乙"), (Role.IN_CHARGE, "甲"))
SHIPPED = Path(__file__).parents[2] / "playbooks"
HOST = "198.51.100.7"
TOKEN = "t0ken of the controller"
ALL = {
    "portal-defacement", "ransomware-worm", "compromised-host", "data-leak", "outage", "forbidden-way-out",
    "notice-from-above", "guard-escalation", "isolate-port", "isolate-port-http",
}  # fmt: skip
"""The eight emergency plans, and the two parts that several may use."""


def settings(folder: Path, **more: Any) -> Config:
    """As shipped, but for what is kept in `folder`."""
    config = default_config(folder)
    more = {"paths": (str(SHIPPED),), "http_inside": ("127.0.0.0/8",), **more}
    return replace(config, playbook=replace(config.playbook, **more))


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library(settings(SHIPPED.parent))


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    broker = Broker(tmp_path)
    await broker.start()
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureShell]:
    sshd = SecureShell(tmp_path_factory.mktemp("sshd"))
    yield sshd
    sshd.stop()


def test_all_are_sound_and_in_both_languages(library: Library) -> None:
    assert [str(problem) for problem in library.problems] == []
    assert library.playbooks.keys() == ALL
    for one in library.playbooks.values():
        assert one.playbook.name_en and one.playbook.description_en and one.playbook.basis
        assert any(trigger.manual for trigger in one.playbook.triggers)


@pytest.mark.parametrize("id", sorted(ALL))
async def test_all_are_tried_without_doing_anything_or_asking_anything(library: Library, id: str) -> None:
    given = {"number": "1", "device": "switch", "port": "1", "url": "https://192.0.2.9/ports"}
    known = library.find(id).playbook.variables
    told = await rehearse(library, id, {name: given[name] for name in given if name in known}, {})
    assert told[-1].id == "playbook.dry.done" and len(told) < 40


@pytest.mark.parametrize("id", sorted(ALL))
def test_all_go_out_as_cacao_and_come_back(library: Library, id: str) -> None:
    playbook = library.find(id).playbook
    assert import_cacao(export_cacao(playbook)) == playbook


class Duty:
    """People on duty who answer at once, each step with what the case says, and a clock that hurries."""

    def __init__(
        self, writer: StoreWriter, engine: Engine, now: list[float], answers: Mapping[str, Any]
    ) -> None:
        self._writer = writer
        self._engine = engine
        self._now = now
        self._answers = answers
        self._turns: dict[str, int] = {}
        self._said: set[str] = set()

    async def finish(self, run: Run) -> tuple[Run, list[Entry]]:
        while True:
            found = await self._writer.run(
                lambda db: (journal.find_run(db, run.id), journal.entries(db, run.id))
            )
            now, entries = found
            assert now is not None
            if now.ended is not None:
                return now, entries
            for entry in entries:
                if entry.state == "waiting" and entry.key not in self._said:
                    await self._answer(run, entry)
            self._now[0] += 0.1
            await self._engine.look()
            await asyncio.sleep(0.002)

    async def _answer(self, run: Run, entry: Entry) -> None:
        if entry.step == "delay":
            assert entry.due is not None
            self._now[0] = max(self._now[0], entry.due)
            return
        self._said.add(entry.key)
        step = entry.key.rpartition("/")[2]
        choices = entry.intent.get("choices", [""])
        people, decision, value = ["甲"], "done", self._answers.get(step, choices[-1])
        if entry.step == "approval":
            people, decision = ["甲", "乙"][: entry.intent["persons"]], "approve"
        if isinstance(value, list):
            turn = self._turns[step] = self._turns.get(step, -1) + 1
            value = value[turn]
        for person in people:
            await self._writer.run(
                lambda db, person=person: journal.answer(
                    db, run, entry.key, person, decision, value, self._now[0]
                )
            )


async def later(engine: Engine, writer: StoreWriter, now: list[float], seconds: float) -> None:
    """Until all is taken back that is due by then."""
    now[0] += seconds
    while await writer.run(lambda db: journal.undos(db, now=now[0], states=["waiting", "begun"])):
        await engine.look()
        await asyncio.sleep(0.002)


CASES: list[tuple[str, dict[str, Any], dict[str, Any], set[str]]] = [
    (
        "portal-defacement", {"url": "URL/200", "host": "10.1.1.9"}, {"judge": "是"},
        {"look-up", "fetch", "note-fetched", "collect", "contained", "report-province", "check-spider", "opinion"},
    ),
    ("portal-defacement", {}, {"judge": "否"}, {"collect", "take-down", "restore"}),
    (
        "ransomware-worm", {"host": HOST}, {"family": "是", "grade": "是"},
        {"look-up", "collect", "block-host", "isolate", "contained", "ransom-facts", "report", "rebuild", "recovered"},
    ),
    ("ransomware-worm", {}, {"family": "否", "grade": "否"}, {"cut-off", "collect", "isolate", "grade", "rebuild"}),
    (
        "compromised-host", {"host": "10.1.1.1", "attacker": HOST}, {"grade": "是"},
        {"look-up", "collect", "block", "contained", "report", "watch", "recovered"},
    ),
    (
        "data-leak", {"source": "10.1.1.1"}, {"count": "一百万以上", "article-57": "是"},
        {"look-up", "collect", "contained", "report", "tell-people", "archive"},
    ),
    ("data-leak", {"source": "10.1.1.1"}, {"count": "少于一百万", "article-57": "否"}, {"note-reason", "archive"}),
    (
        "outage", {"attacker": HOST, "host": "10.1.1.1"}, {"locate": "封堵", "hourly": ["否", "否", "是"]},
        {"look-up", "collect", "block", "degrade", "two-hours", "recovered", "enter-later"},
    ),
    ("outage", {}, {"locate": "切换", "hourly": ["是"]}, {"collect", "switch-line", "enter-later"}),
    (
        "forbidden-way-out", {"host": HOST}, {"call": "是"},
        {"look-up", "collect", "block", "contained", "written", "retest"},
    ),
    ("forbidden-way-out", {"host": HOST}, {"call": "否"}, {"infected", "written", "retest"}),
    (
        "forbidden-way-out", {"host": HOST},
        {"call": "是", "which-device": "switch", "which-port": "GigabitEthernet1/0/7"}, {"isolate", "shut", "told"},
    ),
    ("isolate-port", {"device": "switch", "port": "GigabitEthernet1/0/7"}, {}, {"shut", "told"}),
    ("isolate-port", {"device": "switch", "port": "GigabitEthernet1/0/48"}, {}, {"shut", "by-hand"}),
    ("isolate-port-http", {"url": "URL/200", "device": "s", "port": "7"}, {}, {"shut", "told"}),
    ("isolate-port-http", {"url": "URL/503", "device": "s", "port": "7"}, {}, {"shut", "by-hand"}),
    (
        "notice-from-above", {"number": "网信〔2026〕1 号", "address": "10.1.1.9"}, {"register": "高危"},
        {"look-up", "note-notice", "collect", "within-72h", "reply", "others", "score"},
    ),
    (
        "guard-escalation", {"attacker": HOST}, {"briefing": ["否", "是"]},
        {"guard-period", "collect", "block", "leave", "review"},
    ),
    ("guard-escalation", {"product": "办件系统"}, {"briefing": ["是"]}, {"look-up-others", "review"}),
]  # fmt: skip


@asynccontextmanager
async def hearing(broker: Broker, heard: list[str]) -> AsyncIterator[None]:
    """The texts that arrive at a real mosquitto."""
    async with Client(HERE, broker.port, protocol=ProtocolVersion.V5) as client:
        await client.subscribe("sentinel/#", qos=1)

        async def listen() -> None:
            async for message in client.messages:
                heard.append(json.loads(str(message.payload, "utf-8"))["text"])

        listening = asyncio.create_task(listen())
        yield
        listening.cancel()
        await asyncio.wait([listening])


@needs_mosquitto
@pytest.mark.parametrize(("id", "given", "answers", "reached"), CASES)
async def test_runs_to_its_end(
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    broker: Broker,
    id: str,
    given: dict[str, Any],
    answers: dict[str, Any],
    reached: set[str],
) -> None:
    blocks = bool(reached & {"block", "block-host"})
    gatekeeper: Path = request.getfixturevalue("gatekeeper") if blocks else tmp_path / "none"
    if str(given.get("url", "")).startswith("URL"):
        given = {**given, "url": given["url"].replace("URL", request.getfixturevalue("server"))}
    now = [1_000_000.0]
    chosen = settings(tmp_path, gatekeeper=str(gatekeeper))
    sshd: SecureShell | None = None
    if id == "isolate-port-http":
        monkeypatch.setenv("CONTROLLER", TOKEN)
        declared = (SecretSettings("switch-controller", "${env:CONTROLLER}"),)
        chosen = replace(chosen, playbook=replace(chosen.playbook, secrets=declared))
    elif "shut" in reached:
        sshd = request.getfixturevalue("sshd")
        sshd.typed.unlink(missing_ok=True)
        switch = sshd.device("switch", ISOLATE, RESTORE)
        chosen = replace(chosen, playbook=replace(chosen.playbook, devices=(switch,)))
    url = f"mqtt://{HERE}:{broker.port}/sentinel/site"
    channel = ChannelSettings("mqtt", url, body='{"text": "{text}"}')
    chosen = replace(chosen, notify=replace(chosen.notify, channels=(channel,)))
    heard: list[str] = []
    async with StoreWriter(Path(chosen.store.path)) as writer, hearing(broker, heard):
        shifts = [Shift(role, Person(name, "1"), 0, 1e9) for role, name in ON_DUTY]
        await writer.run(lambda db: DutyBook(db, "desk").add_shifts(shifts, "甲", 1.0))
        engine = PlaybookDesk(chosen, writer, Metrics(), clock=lambda: now[0]).engine
        async with engine:
            run = await engine.start(id, given, actor="值班员甲")
            run, entries = await Duty(writer, engine, now, answers).finish(run)
            failures = 1 if "by-hand" in reached else 0
            assert (run.state, bool(run.reason)) == ("done", bool(failures))
            assert reached <= {entry.key.rpartition("/")[2] for entry in entries}
            assert all(entry.finished for entry in entries)
            if blocks:
                await later(engine, writer, now, 0)
                left = await writer.run(lambda db: journal.undos(db, run=run.id))
                # where days have passed on the way the block is lifted by now, else it stands
                assert (HOST in listed(gatekeeper)) == bool(left)
                await later(engine, writer, now, 10 * 86400)
                assert HOST not in listed(gatekeeper)
            if sshd is not None and "told" in reached:
                assert sshd.typed.read_text().split("\n")[2::4] == ["shutdown"]
                await later(engine, writer, now, 8 * 3600)
                assert sshd.typed.read_text().split("\n")[2::4] == ["shutdown", "undo shutdown"]
            if id == "isolate-port-http":
                done = "told" in reached
                await later(engine, writer, now, 8 * 3600)
                asked = [(seen[2]["Authorization"], json.loads(seen[3])["enabled"]) for seen in Server.seen]
                assert asked == [(f"Bearer {TOKEN}", False), (f"Bearer {TOKEN}", done)]
            assert await writer.run(audit.verify) is None
            told = await writer.run(lambda db: "\n".join(db.conn.iterdump()))
            assert TOKEN not in told
        delivery = Delivery(channel, chosen.notify, writer, lambda *_: None, clock=lambda: now[0])
        while await delivery.work():
            pass
        asked = [entry.intent["instruction"] for entry in entries if entry.step in ("manual", "approval")]
        while not all(any(words in told for told in heard) for words in asked):
            await asyncio.sleep(0.01)
    if "fetch" in reached:
        assert [seen[:2] for seen in Server.seen] == [("GET", "/200")] * 3
        assert len({seen[2].get("User-Agent") for seen in Server.seen}) == 3
