"""A feed and a real mosquitto: everything arrives in its order, whatever breaks on the way; a repeat is known by its id."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiomqtt import Client, Message, ProtocolVersion

from sentinel.notify import BrokerLine, Document, Feed, FeedSettings, NotifySettings, Source
from sentinel.store import StoreWriter
from tests.mosquitto import HERE, Broker, hashed_passwords, needs_mosquitto

pytestmark = needs_mosquitto
PATIENCE = NotifySettings(retry=0.1, retry_max=0.1)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path)
    yield made
    made.stop()


class Growing:
    """A log in memory."""

    def __init__(self) -> None:
        self.documents: list[Document] = []

    def add(self, number: int, *, drill: bool = False) -> None:
        for _ in range(number):
            place = len(self.documents) + 1
            self.documents.append(Document(place, f"d{place}", {"n": place}, drill))

    def after(self, database: Any, position: int, limit: int) -> Sequence[Document]:
        return self.documents[position : position + limit]

    def end(self, database: Any) -> int:
        return len(self.documents)


class Scene:
    def __init__(self, broker: Broker, writer: StoreWriter, **options: Any) -> None:
        settings = FeedSettings(
            name="up",
            broker=f"mqtt://{HERE}:{broker.port}",
            site="区中心",
            publish=("alerts",),
            timeout=5.0,
            **options,
        )
        self.log = Growing()
        self.told: list[tuple[str, int]] = []
        self.now = 1000.0
        self.feed = Feed(
            "up",
            BrokerLine(settings),
            PATIENCE,
            {"alerts": Source(self.log.after, self.log.end)},
            writer,
            lambda feed, outcome, reason, number: self.told.append((outcome, number)),
            wants=lambda document: document.drill == settings.drill,
            every=settings.status,
            figures=lambda database: {"open_incidents": {}},
            clock=lambda: self.now,
            pause=lambda seconds: asyncio.sleep(min(seconds, 0.02)),
        )

    def delivered(self) -> int:
        return sum(number for outcome, number in self.told if outcome == "delivered")

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(self.feed.run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def listening(broker: Broker, topic: str = "sentinel/#") -> AsyncIterator[Client]:
    async with Client(HERE, broker.port, protocol=ProtocolVersion.V5) as client, asyncio.timeout(60):
        await client.subscribe(topic, qos=1)
        yield client


async def heard(client: Client, number: int, log: str = "alerts") -> list[Message]:
    found: list[Message] = []
    async for message in client.messages:
        if message.topic.matches(f"sentinel/区中心/{log}"):
            found.append(message)
            if len(found) == number:
                break
    return found


def ids(messages: Sequence[Message]) -> list[str]:
    return [dict(message.properties.UserProperty)["id"] for message in messages]  # type: ignore[union-attr]


def content(message: Message) -> Any:
    assert isinstance(message.payload, bytes)
    return json.loads(message.payload)


async def until(said: Any) -> None:
    async with asyncio.timeout(30):
        while not said():
            await asyncio.sleep(0.01)


async def test_what_grows_arrives_in_its_order_and_once(broker: Broker, tmp_path: Path) -> None:
    await broker.start()
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        scene = Scene(broker, writer)
        scene.log.add(3)
        async with listening(broker) as client:
            async with scene.running():
                (status,) = await heard(client, 1, "status")
                assert content(status)["state"] == "online"
                scene.log.add(1200)
                messages = await heard(client, 1200)
                await until(lambda: scene.delivered() == 1200)
            assert [content(message)["n"] for message in messages] == list(range(4, 1204)), (
                "not what was there before"
            )
            assert ids(messages)[0] == "d4" and messages[0].qos == 1 and not messages[0].retain
            (stopped,) = await heard(client, 1, "status")
            assert content(stopped)["state"] == "stopped"
        async with listening(broker) as late:
            (kept,) = await heard(late, 1, "status")
            assert kept.retain and content(kept)["state"] == "stopped"


async def test_a_broker_that_is_away_costs_nothing_and_a_new_process_goes_on(
    broker: Broker, tmp_path: Path
) -> None:
    await broker.start()
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        scene = Scene(broker, writer)
        async with scene.running():
            async with listening(broker) as client:
                await heard(client, 1, "status")
                scene.log.add(5)
                first = await heard(client, 5)
                await until(lambda: scene.delivered() == 5)
            broker.stop()
            scene.log.add(700)
            await until(lambda: scene.told.count(("retried", 1)) > 2)
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        after = Scene(broker, writer)
        after.log = scene.log
        after.feed._sources = {"alerts": Source(scene.log.after, scene.log.end)}
        await broker.start()
        async with listening(broker) as client, after.running():
            second = await heard(client, 700)
    assert ids([*first, *second]) == [f"d{number}" for number in range(1, 706)]


async def test_what_the_broker_refuses_waits_until_it_is_allowed(broker: Broker, tmp_path: Path) -> None:
    acl = tmp_path / "acl"
    acl.write_text("topic read #\ntopic write sentinel/区中心/status\n")
    acl.chmod(0o644)
    broker.lines += [f"acl_file {acl}", f"user {Path('/proc/self').owner()}"]
    await broker.start()
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        scene = Scene(broker, writer)
        async with scene.running():
            async with listening(broker) as client:
                await heard(client, 1, "status")
            scene.log.add(3)
            await until(lambda: ("retried", 1) in scene.told)
            assert scene.feed.behind == 3
        broker.stop()
        acl.write_text("topic readwrite #\n")
        await broker.start()
        async with listening(broker) as client, scene.running():
            assert ids(await heard(client, 3)) == ["d1", "d2", "d3"]


async def test_a_log_that_is_refused_holds_up_no_other(broker: Broker, tmp_path: Path) -> None:
    acl = tmp_path / "acl"
    acl.write_text("topic read #\ntopic write sentinel/区中心/status\ntopic write sentinel/区中心/assets\n")
    acl.chmod(0o644)
    broker.lines += [f"acl_file {acl}", f"user {Path('/proc/self').owner()}"]
    await broker.start()
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        scene = Scene(broker, writer)
        other = Growing()
        scene.feed._sources["assets"] = Source(other.after, other.end)
        async with listening(broker) as client, scene.running():
            await heard(client, 1, "status")
            scene.log.add(2)
            other.add(2)
            assert ids(await heard(client, 2, "assets")) == ["d1", "d2"]
            await until(lambda: ("retried", 1) in scene.told)
            other.add(1)
            assert ids(await heard(client, 1, "assets")) == ["d3"]
            assert scene.told.count(("retried", 1)) == 1, "offered again only after a while"


async def test_what_is_refused_for_too_long_is_left_out_and_told(broker: Broker, tmp_path: Path) -> None:
    acl = tmp_path / "acl"
    acl.write_text("topic read #\ntopic write sentinel/区中心/status\n")
    acl.chmod(0o644)
    broker.lines += [f"acl_file {acl}", f"user {Path('/proc/self').owner()}"]
    await broker.start()
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        scene = Scene(broker, writer)
        async with scene.running():
            async with listening(broker) as client:
                await heard(client, 1, "status")
            scene.log.add(1)
            await until(lambda: ("retried", 1) in scene.told)
            scene.now += PATIENCE.give_up
            await until(lambda: ("failed", 1) in scene.told and scene.feed.behind == 0)


async def test_the_acl_of_the_documentation_lets_us_write_and_the_platform_read(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text("utf-8")
    acl = tmp_path / "acl"
    acl.write_text(page.partition("`/etc/mosquitto/acl`:\n\n```\n")[2].partition("```")[0], "utf-8")
    acl.chmod(0o644)
    passwords = hashed_passwords(tmp_path, "sentinel:ours\nplatform:theirs\nsensors:room\n")
    broker.lines = [
        "allow_anonymous false",
        f"password_file {passwords}",
        f"acl_file {acl}",
        f"user {Path('/proc/self').owner()}",
    ]
    await broker.start()
    monkeypatch.setenv("OURS", "ours")
    platform = Client(HERE, broker.port, username="platform", password="theirs", protocol=ProtocolVersion.V5)
    async with StoreWriter(tmp_path / "s.sqlite") as writer, platform as client, asyncio.timeout(60):
        await client.subscribe("sentinel/#", qos=1)
        scene = Scene(broker, writer, user="sentinel", password="${env:OURS}")
        async with scene.running():
            await heard(client, 1, "status")
            scene.log.add(1)
            assert ids(await heard(client, 1)) == ["d1"]
        elsewhere = Scene(broker, writer, user="sensors", password="room")
        async with elsewhere.running():
            await until(lambda: ("mute", 1) in elsewhere.told)
            elsewhere.log.add(2)  # the first may count as published by the feed of that name before
            await until(lambda: ("retried", 1) in elsewhere.told)
    assert elsewhere.delivered() == 0


async def test_drills_have_feeds_of_their_own(broker: Broker, tmp_path: Path) -> None:
    await broker.start()
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        for drill in (False, True):
            scene = Scene(broker, writer, drill=drill)
            async with listening(broker) as client, scene.running():
                await heard(client, 1, "status")
                scene.log.add(1, drill=not drill)
                scene.log.add(1, drill=drill)
                assert ids(await heard(client, 1)) == ["d2"]
            await writer.run(lambda database: database.execute("DELETE FROM feed_position"))


async def test_what_a_log_no_longer_keeps_is_told_as_lost(broker: Broker, tmp_path: Path) -> None:
    await broker.start()
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        scene = Scene(broker, writer)
        scene.feed._sources = {"alerts": Source(scene.log.after, scene.log.end, first=lambda database: 4)}
        await scene.feed.begin()
        scene.log.add(5)
        del scene.log.documents[:3]
        scene.log.after = lambda database, position, limit: [  # type: ignore[method-assign]
            one for one in scene.log.documents if one.position > position
        ]
        scene.feed._sources = {
            "alerts": Source(scene.log.after, lambda database: 5, first=lambda database: 4)
        }
        async with listening(broker) as client, scene.running():
            assert ids(await heard(client, 2)) == ["d4", "d5"]
            await until(lambda: ("failed", 3) in scene.told)
