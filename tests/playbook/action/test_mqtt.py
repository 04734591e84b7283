"""Messages at a real mosquitto: under the broker's path, known by the step that sent them, kept when asked to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiomqtt import Client, ProtocolVersion

from sentinel.playbook.action import Call
from sentinel.playbook.action.mqtt import Publish
from sentinel.playbook.fault import ActionFailed
from sentinel.playbook.settings import BrokerSettings
from tests.mosquitto import HERE, Broker, hashed_passwords, needs_mosquitto

pytestmark = needs_mosquitto


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    broker = Broker(tmp_path)
    await broker.start()
    yield broker
    broker.stop()


async def publish(
    broker: Broker, arguments: dict[str, Any], path: str = "/sentinel/site", **more: Any
) -> Any:
    declared = BrokerSettings("room", f"mqtt://{HERE}:{broker.port}{path}", timeout=5.0, **more)
    return await Publish([declared]).perform(Call("run1", "w/step", "p", {"broker": "room", **arguments}))


async def test_it_arrives_with_the_id_of_its_step(broker: Broker) -> None:
    async with Client(HERE, broker.port, protocol=ProtocolVersion.V5) as client:
        await client.subscribe("#", qos=1)
        asked = {"topic": "guard/state", "json": {"state": "重保"}, "retain": True}
        assert (await publish(broker, asked)).values == {"topic": "sentinel/site/guard/state"}
        async with asyncio.timeout(20):
            message = await anext(aiter(client.messages))
    assert (str(message.topic), json.loads(message.payload)) == (
        "sentinel/site/guard/state",
        {"state": "重保"},
    )
    assert message.qos == 1 and ("id", "run1/w/step") in message.properties.UserProperty
    async with Client(HERE, broker.port, protocol=ProtocolVersion.V5) as late:
        await late.subscribe("sentinel/site/guard/state")
        async with asyncio.timeout(20):
            assert (await anext(aiter(late.messages))).retain


@pytest.mark.parametrize("topic", ["", "/", "a/#", "+/a", "a\0b", "x" * 70000])
async def test_topics_that_are_none(broker: Broker, topic: str) -> None:
    with pytest.raises(ActionFailed):
        await publish(broker, {"topic": topic, "text": "x"}, "")


async def test_a_password_that_is_refused(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    broker.stop()
    passwords = hashed_passwords(broker.folder, "sentinel:right\n")
    broker.lines = ["allow_anonymous false", f"password_file {passwords}", "user root"]
    await broker.start()
    monkeypatch.setenv("BROKER", "wrong")
    with pytest.raises(ActionFailed):
        await publish(broker, {"topic": "a", "text": "x"}, user="sentinel", password="${env:BROKER}")
    monkeypatch.setenv("BROKER", "right")
    await publish(broker, {"topic": "a", "text": "x"}, user="sentinel", password="${env:BROKER}")


async def test_a_broker_that_is_away_or_not_declared(broker: Broker) -> None:
    broker.stop()
    with pytest.raises(ActionFailed, check=lambda error: error.message.id == "playbook.mqtt-failed"):
        await publish(broker, {"topic": "a", "text": "x"})
    with pytest.raises(ActionFailed, check=lambda error: error.message.id == "playbook.no-broker"):
        await publish(broker, {"topic": "a", "text": "x", "broker": "other"})
