"""A drill reaches nothing outside: the same playbook for real and as a drill, against the real parts that it names."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiomqtt import Client, ProtocolVersion
from playbook_parts import Server, listed
from secure_shell import ISOLATE, SecureShell

from sentinel.config import Config, default_config
from sentinel.desk.playbook import PlaybookDesk
from sentinel.duty import DutyBook, Person, Role, Shift
from sentinel.metrics import Metrics
from sentinel.notify import ChannelSettings
from sentinel.playbook import journal
from sentinel.playbook.settings import BrokerSettings, ScriptSettings
from sentinel.store import StoreWriter, audit
from tests.mosquitto import HERE, Broker, needs_mosquitto

ATTACKER = "198.51.100.7"
OUTSIDE: dict[str, tuple[str, dict[str, Any]]] = {
    "block": ("block", {"address": ATTACKER, "seconds": 600}),
    "ask": ("http", {"url": "URL/200", "method": "POST", "json": {"x": 1}}),
    "shut": ("ssh", {"device": "switch", "command": "isolate-port", "arguments": ["GigabitEthernet1/0/7"]}),
    "siren": ("mqtt", {"broker": "site", "topic": "siren", "text": "on"}),
    "touch": ("script", {"script": "touch"}),
    "guard": ("set-guard-period", {"name": "两会", "hours": 24.0}),
}
INSIDE: dict[str, tuple[str, dict[str, Any]]] = {
    "open": ("open-incident", {"title": "演习"}),
    "tell": ("notify", {"text": "请注意"}),
}


def playbook(url: str) -> dict[str, Any]:
    steps = {**OUTSIDE, **INSIDE}
    names = list(steps)
    workflow: dict[str, Any] = {"s": {"type": "start", "on_completion": names[0]}}
    for name, following in zip(names, [*names[1:], "end"], strict=True):
        action, arguments = steps[name]
        filled = {
            key: value.replace("URL", url) if key == "url" else value for key, value in arguments.items()
        }
        workflow[name] = {"type": "action", "action": action, "arguments": filled, "on_completion": following}
    workflow["guard"]["approval"] = {"role": "leader"}
    workflow["end"] = {"type": "end"}
    return {
        "id": "p", "name": "试", "name_en": "Trial", "triggers": [{"manual": True}], "workflow_start": "s",
        "workflow": workflow,
    }  # fmt: skip


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    broker = Broker(tmp_path)
    await broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[SecureShell]:
    (tmp_path / "sshd").mkdir()
    sshd = SecureShell(tmp_path / "sshd")
    yield sshd
    sshd.stop()


@pytest.fixture
def config(tmp_path: Path, gatekeeper: Path, server: str, broker: Broker, sshd: SecureShell) -> Config:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "p.yaml").write_text(yaml.safe_dump(playbook(server), allow_unicode=True))
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "touch").write_text("#!/bin/sh\ntouch ran\n")
    (tmp_path / "scripts" / "touch").chmod(0o755)
    config = default_config(tmp_path)
    channels = (
        ChannelSettings("duty", "http://x/", "{text}"),
        ChannelSettings("exercise", "http://x/", "{text}", drill=True),
    )
    mine = replace(
        config.playbook,
        gatekeeper=str(gatekeeper),
        http_inside=("127.0.0.0/8",),
        devices=(sshd.device("switch", ISOLATE),),
        brokers=(BrokerSettings("site", f"mqtt://{HERE}:{broker.port}/sentinel/site"),),
        scripts_folder=str(tmp_path / "scripts"),
        scripts=(ScriptSettings("touch"),),
    )
    return replace(config, playbook=mine, notify=replace(config.notify, channels=channels))


@needs_mosquitto
@pytest.mark.parametrize("drill", [True, False])
async def test_what_a_drill_reaches(
    tmp_path: Path, config: Config, gatekeeper: Path, broker: Broker, sshd: SecureShell, drill: bool
) -> None:
    heard: list[str] = []

    async def listen(ready: asyncio.Event) -> None:
        async with Client(HERE, broker.port, protocol=ProtocolVersion.V5) as client:
            await client.subscribe("#", qos=1)
            ready.set()
            async for message in client.messages:
                heard.append(str(message.topic))

    ready = asyncio.Event()
    listening = asyncio.create_task(listen(ready))
    await ready.wait()
    async with StoreWriter(Path(config.store.path)) as writer:
        shift = Shift(Role.LEADER, Person("李四", "1"), 0, 1e11)
        await writer.run(lambda db: DutyBook(db, "desk").add_shifts([shift], "李四", 1.0))
        desk = PlaybookDesk(config, writer, Metrics())
        working = asyncio.create_task(desk.run())
        run = await desk.engine.start("p", {}, actor="李四", drill=drill)
        while not desk.engine.waiting:
            await asyncio.sleep(0.01)
        await writer.run(
            lambda db: journal.answer(db, run, "guard?", "李四", "approve", "", desk.engine.clock())
        )
        while not (ended := await writer.run(lambda db: journal.find_run(db, run.id))) or ended.ended is None:
            await asyncio.sleep(0.01)
        await broker.tell("done", "x")
        while "done" not in heard:
            await asyncio.sleep(0.01)
        rows = await writer.run(
            lambda db: db.conn.execute("SELECT channel, drill, content FROM outbox").fetchall()
        )
        incidents = await writer.run(
            lambda db: db.conn.execute("SELECT drill, number FROM incident").fetchall()
        )
        trail = await writer.run(lambda db: audit.rows(db, subject=f"run:{run.id}", limit=1000))
        periods = await writer.run(lambda db: DutyBook(db, "x").guard_periods(desk.engine.clock()).periods)
        for task in (working, listening):
            task.cancel()
        await asyncio.wait([working, listening])
    assert (ended.state, ended.reason) == ("done", "")
    reached = {
        "block": ATTACKER in listed(gatekeeper),
        "ask": bool(Server.seen),
        "shut": sshd.typed.exists(),
        "siren": "sentinel/site/siren" in heard,
        "touch": (tmp_path / "scripts" / "ran").exists(),
        "guard": bool(periods),
    }
    assert reached == dict.fromkeys(OUTSIDE, not drill)
    assert {(row[0], row[1]) for row in rows} == {("exercise", 1) if drill else ("duty", 0)} and len(
        rows
    ) == 3
    assert all(("演练" in json.loads(row[2])["text"]) == drill for row in rows)
    assert [row[0] for row in incidents] == [drill] and all(row.drill == drill for row in trail)
    assert desk.engine.ended == {"done": int(not drill), "failed": 0, "cancelled": 0, "drill": int(drill)}
