"""From the database to a real broker: alerts, incidents, assets; kills at any instant lose nothing."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiomqtt import Client, ProtocolVersion
from msgspec.structs import replace

from sentinel.config import Config
from sentinel.desk.feed import FeedDesk
from sentinel.desk.incident import IncidentDesk
from sentinel.desk.ledger import LedgerDesk
from sentinel.event import Alert, Conn, Event, Level
from sentinel.flow.settings import FlowSettings
from sentinel.incident import IncidentSettings
from sentinel.intake.chunk import Inlet
from sentinel.intake.receive import StreamSource
from sentinel.ledger import Asset, LedgerSettings, LedgerStore
from sentinel.ledger.intake import Plan
from sentinel.metrics import Metrics
from sentinel.notify import ChannelSettings, FeedSettings, NotifySettings
from sentinel.store import AlertStore, StoreWriter
from tests.intake.test_receive import lines_of, running
from tests.mosquitto import HERE, Broker, needs_mosquitto

pytestmark = needs_mosquitto
FEEDING = Path(__file__).with_name("feeding.py")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path)
    yield made
    made.stop()


async def test_alerts_incidents_assets_and_status_are_published(broker: Broker, tmp_path: Path) -> None:
    await broker.start()
    feed = FeedSettings(name="up", broker=f"mqtt://{HERE}:{broker.port}", site="区中心")
    metrics = Metrics()
    told: dict[str, Any] = {}
    async with (
        StoreWriter(tmp_path / "s.sqlite") as writer,
        Client(HERE, broker.port, protocol=ProtocolVersion.V5) as client,
        asyncio.timeout(60),
    ):
        await client.subscribe("sentinel/#", qos=1)
        desk = FeedDesk(NotifySettings(feeds=(feed,)), writer, metrics=metrics)
        running = asyncio.create_task(desk.follow(desk.feeds[0]))
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            name = str(message.topic).removeprefix("sentinel/区中心/")
            told[name] = json.loads(message.payload)
            if len(told) == 1:
                await AlertStore(writer).add([ALERT])
                await IncidentDesk(IncidentSettings(), writer).take()
                await writer.run(registered)
            if len(told) == 4:
                break
        labels = {"channel": "up", "outcome": "delivered"}
        while metrics.registry.get_sample_value("sentinel_notifications_total", labels) != 3:
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert told["status"]["state"] == "online"
    assert (told["alerts"]["id"], told["alerts"]["title"]) == ("a1", "扫描")
    assert (told["incidents"]["action"], told["incidents"]["state"]) == ("created", "new")
    assert told["incidents"]["attacker"] == "192.0.2.1"
    assert told["assets"]["name"] == "门户" and "13800138000" not in json.dumps(told)
    assert told["assets"]["addresses"] == [{"zone": "", "address": "10.0.0.1"}]


async def test_what_the_network_shows_of_devices_is_published_in_its_order(
    broker: Broker, tmp_path: Path
) -> None:
    await broker.start()
    feed = FeedSettings(name="up", broker=f"mqtt://{HERE}:{broker.port}", site="区中心", publish=("assets",))
    config = Config(
        flow=FlowSettings(local_networks=("10.0.0.0/8",)), ledger=LedgerSettings(grace=0.0, settle=0.0)
    )
    told: list[dict[str, Any]] = []

    async def give(events: Sequence[Event]) -> None: ...

    async def committed() -> bool:
        return True

    async with (
        StoreWriter(tmp_path / "s.sqlite") as writer,
        Client(HERE, broker.port, protocol=ProtocolVersion.V5) as client,
        asyncio.timeout(60),
    ):
        await client.subscribe("sentinel/区中心/assets", qos=1)
        desk = FeedDesk(NotifySettings(feeds=(feed,)), writer)
        await desk.begin()
        running = asyncio.create_task(desk.follow(desk.feeds[0]))
        ledger = LedgerDesk(config, writer, give, committed, clock=lambda: 100.0)
        ledger.take([SEEN])
        await ledger.flush()
        ledger.take([SEEN])
        await ledger.flush()  # known by now
        await writer.run(registered)
        await ledger.read_register()
        await ledger.compare()
        await writer.run(
            lambda database: LedgerStore(database.conn).apply(
                Plan(adds=[Asset("政数局", "SSH", (("", "10.0.0.9"),), responsible="李四")]),
                actor="张三",
                ts=2e9,
            )
        )
        await ledger.read_register()
        await ledger.compare()
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            told.append(json.loads(message.payload))
            if len(told) == 8:  # six findings and two entries of the register, each log in its own order
                break
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    found = [one for one in told if "address" in one]
    assert sorted((one["action"], one["address"]) for one in found[:2]) == [
        ("seen", "10.0.0.5"),
        ("seen", "10.0.0.9"),
    ]
    assert sorted((one["action"], one["difference"], one["address"]) for one in found[2:]) == [
        ("begun", "exposed", "10.0.0.9"),
        ("begun", "shadow", "10.0.0.5"),
        ("begun", "shadow", "10.0.0.9"),
        ("ended", "shadow", "10.0.0.9"),
    ]
    assert [one["id"] for one in found] == [f"finding/{number}" for number in range(1, 7)]
    assert {one["name"] for one in told if "addresses" in one} == {"门户", "SSH"}
    assert "李四" not in json.dumps(told, ensure_ascii=False)


async def test_alerts_from_a_level_on_go_out_by_syslog_and_none_is_lost_while_nobody_listens(
    tmp_path: Path,
) -> None:
    with socket.socket() as free:
        free.bind((HERE, 0))
        port: int = free.getsockname()[1]
    channel = ChannelSettings(name="up", url=f"syslog+tcp://{HERE}:{port}", alerts="high")
    settings = NotifySettings(retry=0.1, retry_max=0.1, channels=(channel,))
    inlet, metrics = Inlet(1000), Metrics()
    labels = {"channel": "up/alerts", "outcome": "delivered"}
    heard: list[bytes] = []

    def delivered() -> float:
        return metrics.registry.get_sample_value("sentinel_notifications_total", labels) or 0.0

    async with StoreWriter(tmp_path / "s.sqlite") as writer, asyncio.timeout(60):
        alerts = [
            replace(ALERT, id=f"a{number}", level=level, drill=number == 5)
            for number, level in enumerate([Level.HIGH, Level.MEDIUM, Level.CRITICAL] * 100)
        ]
        loud = [alert.id for alert in alerts if alert.level is not Level.MEDIUM and not alert.drill]
        for begin, end in ((0, 150), (150, 300)):  # two lives; in each the receiver comes late
            desk = FeedDesk(settings, writer, metrics=metrics)
            await desk.begin()
            running_feed = asyncio.create_task(desk.follow(desk.feeds[0]))
            await AlertStore(writer).add(alerts[begin:end])
            failed = {"channel": "up/alerts", "outcome": "retried"}
            before = metrics.registry.get_sample_value("sentinel_notifications_total", failed) or 0.0
            while (
                metrics.registry.get_sample_value("sentinel_notifications_total", failed) or 0.0
            ) == before:
                await asyncio.sleep(0.01)
            async with running(StreamSource("syslog", HERE, port, inlet, lambda *_: None)):
                wanted = sum(int(id[1:]) < end for id in loud)
                heard += await lines_of(inlet, wanted - len(heard))
                while delivered() < wanted:
                    await asyncio.sleep(0.01)
            running_feed.cancel()
            await asyncio.gather(running_feed, return_exceptions=True)
    assert [line.partition(b' id="')[2].partition(b'"')[0].decode() for line in heard] == loud


SEEN = Conn(
    ts=10.0, uid="C1", orig_h="10.0.0.5", orig_p=5, resp_h="10.0.0.9", resp_p=22, proto="tcp",
    conn_state="SF", service="ssh", orig_pkts=5, resp_pkts=5,
)  # fmt: skip
ALERT = Alert(ts=1e9, id="a1", level=Level.HIGH, title="扫描", rule_id="r", kind="conn", src="192.0.2.1")
ASSET = Asset(department="政数局", name="门户", addresses=(("", "10.0.0.1"),), phone="13800138000")


def registered(database: Any) -> None:
    LedgerStore(database.conn).apply(Plan(adds=[ASSET], changes=[]), actor="张三", ts=2e9)


async def test_a_daemon_killed_at_any_instant_loses_nothing_and_repeats_only_what_its_id_tells(
    broker: Broker, tmp_path: Path
) -> None:
    await broker.start()
    chance = random.Random(4)
    path = tmp_path / "s.sqlite"
    heard: list[tuple[str, str]] = []
    states: list[str] = []

    async def listen(client: Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            document = json.loads(message.payload)
            if message.topic.matches("sentinel/site/status"):
                states.append(document["state"])
            else:
                assert message.properties is not None
                heard.append((dict(message.properties.UserProperty)["id"], document["id"]))

    async with Client(HERE, broker.port, protocol=ProtocolVersion.V5) as client, asyncio.timeout(100):
        await client.subscribe("sentinel/#", qos=1)
        listener = asyncio.create_task(listen(client))
        first, committed = 0, 0
        for life in range(7):
            last = first if life == 6 else 1_000_000
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                str(FEEDING),
                str(path),
                str(broker.port),
                str(first),
                str(last),
                stdout=subprocess.PIPE,
            )
            assert child.stdout is not None
            if life == 6:  # the last life only catches up
                while len({id for id, _ in heard}) < committed:
                    await asyncio.sleep(0.02)
            else:
                begun = len(heard)
                for _ in range(chance.randrange(5, 60)):
                    committed = int(await child.stdout.readline())
                while (
                    life % 2 and len(heard) == begun
                ):  # every second life is killed in the midst of publishing
                    committed = int(await child.stdout.readline())
            child.kill()
            rest = await child.stdout.read()
            committed = int(rest.split()[-1]) if rest.split() else committed
            await child.wait()
            first = committed
        while states[-1] != "lost":
            await asyncio.sleep(0.02)
        listener.cancel()
    assert all(told == id for told, id in heard)
    firsts = list(dict.fromkeys(id for id, _ in heard))
    assert firsts[:committed] == [f"a{number}" for number in range(committed)]
    assert "online" in states
