"""The MQTT channel with a real mosquitto: delivered means acknowledged; a refusal and an absent broker are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiomqtt import Client, ProtocolVersion

from sentinel.notify import ChannelSettings, Delivery, DeliveryError, NotifySettings
from sentinel.notify.send import send
from sentinel.store import StoreWriter
from sentinel.store.outbox import OutboxMessage, OutboxStore, enqueue
from tests.mosquitto import HERE, Broker, certificate, hashed_passwords, needs_mosquitto

pytestmark = needs_mosquitto
BODY = '{"title": "{title}"}'
FIELDS = {"id": "m1", "title": '扫描 "x"'}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path)
    yield made
    made.stop()


def channel(broker: Broker, **options: object) -> ChannelSettings:
    url = f"mqtt://{HERE}:{broker.port}/sentinel/区中心/incidents"
    settings: dict[str, object] = {"name": "m", "url": url, "body": BODY, "timeout": 5.0, **options}
    return ChannelSettings(**settings)  # type: ignore[arg-type]


async def test_a_message_comes_with_its_id(broker: Broker) -> None:
    await broker.start()
    async with Client(HERE, broker.port, protocol=ProtocolVersion.V5) as listener, asyncio.timeout(30):
        await listener.subscribe("sentinel/#", qos=1)
        await asyncio.to_thread(send, channel(broker), FIELDS)
        message = await anext(listener.messages)
    assert str(message.topic) == "sentinel/区中心/incidents"
    assert isinstance(message.payload, bytes) and json.loads(message.payload) == {"title": '扫描 "x"'}
    assert message.qos == 1
    assert message.properties is not None and message.properties.UserProperty == [("id", "m1")]


async def test_what_the_broker_may_not_take_is_not_delivered(broker: Broker, tmp_path: Path) -> None:
    (tmp_path / "acl").write_text("topic read #\n")
    (tmp_path / "acl").chmod(0o644)
    broker.lines += [f"acl_file {tmp_path / 'acl'}", f"user {Path('/proc/self').owner()}"]
    await broker.start()
    with pytest.raises(DeliveryError, match="Not authorized"):
        await asyncio.to_thread(send, channel(broker), FIELDS)


async def test_tls_and_password(broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate(tmp_path)
    broker.lines = [
        "allow_anonymous false",
        f"password_file {hashed_passwords(tmp_path, 'sentinel:s3cret')}",
        f"certfile {tmp_path / 'server.pem'}",
        f"keyfile {tmp_path / 'server.key'}",
        f"user {Path('/proc/self').owner()}",
    ]
    await broker.start()
    monkeypatch.setenv("MQTT_PASSWORD", "s3cret")
    right = {
        "url": f"mqtts://localhost:{broker.port}/t",
        "user": "sentinel",
        "password": "${env:MQTT_PASSWORD}",
        "authority": str(tmp_path / "server.pem"),
    }
    await asyncio.to_thread(send, channel(broker, **right), FIELDS)
    for wrong in ({"password": "s3cret2"}, {"authority": ""}, {"password": "${env:NOT_SET}"}):
        with pytest.raises(DeliveryError) as caught:
            await asyncio.to_thread(send, channel(broker, **{**right, **wrong}), FIELDS)
        assert "s3cret" not in str(caught.value)


async def test_a_broker_that_is_away_loses_nothing(broker: Broker, tmp_path: Path) -> None:
    told: list[str] = []
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        for number in range(3):
            content = json.dumps({"title": str(number)})
            message = OutboxMessage(f"m{number}", "m", 1000.0, 1, content)
            await writer.run(lambda database, message=message: enqueue(database, message))
        now = 1000.0
        delivery = Delivery(
            channel(broker),
            NotifySettings(),
            writer,
            lambda name, outcome, reason: told.append(outcome),
            clock=lambda: now,
        )
        assert await delivery.work() == 3
        assert told == ["retried"] * 3
        await broker.start()
        now += 61
        async with Client(HERE, broker.port, protocol=ProtocolVersion.V5) as listener, asyncio.timeout(30):
            await listener.subscribe("sentinel/#", qos=1)
            assert await delivery.work() == 3
            titles = [json.loads((await anext(listener.messages)).payload)["title"] for _ in range(3)]
        assert titles == ["0", "1", "2"]
        counts = await writer.run(lambda database: OutboxStore(database).counts())
    assert counts == {("m", "delivered"): 3}
