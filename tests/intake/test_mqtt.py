"""Sensors over MQTT from a real mosquitto: readings, TLS and password, a broker that goes away and comes back."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sentinel.event import Event, Log, Sensor
from sentinel.intake.chunk import Inlet
from sentinel.intake.live import Intake
from sentinel.intake.mqtt import MqttSource
from sentinel.intake.settings import IntakeSettings, SourceSettings, TopicSettings
from tests.mosquitto import HERE, Broker, certificate, hashed_passwords, needs_mosquitto

TOPICS = (
    TopicSettings("room/+/temperature", "temperature", value="$.t", unit="℃", place="{1}"),
    TopicSettings("room/+/door", "door", place="{1}", states=("1=open", "0=closed")),
)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path)
    yield made
    made.stop()


class Desk:
    """An intake with one MQTT source, and what came of it."""

    def __init__(self, at: Broker, **options: Any) -> None:
        options = {"topics": TOPICS, "broker": f"mqtt://{HERE}:{at.port}", **options}
        self.events: list[Event] = []
        self.faults: list[tuple[str, str]] = []
        settings = IntakeSettings(sources=(SourceSettings(name="机房", kind="mqtt", **options),))
        self.intake = Intake(settings, self.take, self.keep, lambda *fault: self.faults.append(fault))
        (source,) = self.intake.sources
        assert isinstance(source, MqttSource)
        self.source = source

    async def take(self, events: Any) -> None:
        self.events += events

    async def keep(self, positions: Any) -> None:
        raise AssertionError("a broker keeps the place, not we")

    async def __aenter__(self) -> Desk:
        self._task = asyncio.create_task(self.intake.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not holds():
                await asyncio.sleep(0.02)

    def sensors(self) -> list[Sensor]:
        return [event for event in self.events if isinstance(event, Sensor)]


@needs_mosquitto
async def test_readings_arrive_and_what_is_none_is_kept(broker: Broker) -> None:
    await broker.start()
    await broker.tell("room/B/door", "1", retain=True)
    async with Desk(broker) as desk:
        await desk.until(desk.source.subscribed.is_set)
        await broker.tell("room/A/temperature", '{"t": 36.5}')
        await broker.tell("room/A/humidity", "50")
        await broker.tell("room/A/door", "1")
        await broker.tell("room/A/temperature", b"\xff\xfe")
        await desk.until(lambda: len(desk.events) >= 4)
    seen = [(e.place, e.reading, e.value, e.state, e.retained) for e in desk.sensors()]
    assert seen == [
        ("B", "door", 1.0, "open", True),
        ("A", "temperature", 36.5, None, False),
        ("A", "door", 1.0, "open", False),
    ]
    assert isinstance(desk.events[3], Log)
    account = desk.intake.accounts["机房"]
    assert (account.lines, account.events, account.unexplained, account.faults) == (4, 4, 1, 0)


@needs_mosquitto
async def test_a_broker_that_goes_away_is_called_again_and_told(broker: Broker) -> None:
    await broker.start()
    async with Desk(broker) as desk:
        await desk.until(desk.source.subscribed.is_set)
        broker.stop()
        await desk.until(lambda: desk.faults)
        assert desk.faults[0][0] == f"机房: mqtt://{HERE}:{broker.port}"
        assert not desk.source.subscribed.is_set()
        await broker.start()
        await desk.until(lambda: desk.source.connections == 2)
        await broker.tell("room/A/door", "0")
        await desk.until(desk.sensors)
    assert desk.intake.accounts["机房"].faults == len(desk.faults) >= 1


@needs_mosquitto
async def test_what_is_told_while_we_are_away_is_kept_by_the_broker(broker: Broker) -> None:
    await broker.start()
    async with Desk(broker) as desk:
        await desk.until(desk.source.subscribed.is_set)
    await broker.tell("room/A/door", "1")
    async with Desk(broker) as later:
        await later.until(later.sensors)
    assert [(event.state, event.retained) for event in later.sensors()] == [("open", False)]


@needs_mosquitto
async def test_tls_with_user_and_password(broker: Broker, tmp_path: Path) -> None:
    certificate(tmp_path)
    passwords = hashed_passwords(tmp_path, "sentinel:秘密\n")
    broker.lines = [
        "allow_anonymous false",
        f"password_file {passwords}",
        f"certfile {tmp_path / 'server.pem'}",
        f"keyfile {tmp_path / 'server.key'}",
        f"user {Path('/proc/self').owner()}",
    ]
    await broker.start()
    secret = tmp_path / "secret"
    secret.write_text("秘密\n")
    secret.chmod(0o600)
    options = {
        "broker": f"mqtts://localhost:{broker.port}",
        "user": "sentinel",
        "password": f"${{file:{secret}}}",
        "authority": str(tmp_path / "server.pem"),
    }
    async with Desk(broker, **options) as desk:
        await desk.until(desk.source.subscribed.is_set)
    for wrong in ({"password": ""}, {"authority": ""}, {"password": "${env:SENTINEL_NOT_SET}"}):
        async with Desk(broker, **{**options, **wrong}) as desk:
            await desk.until(lambda desk=desk: desk.faults)
            assert desk.source.connections == 0
        assert "秘密" not in str(desk.faults)


async def test_pauses_grow_and_a_connection_that_cannot_be_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind((HERE, 0))
        port = free.getsockname()[1]
    faults: list[str] = []
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def paused(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 8:
            raise asyncio.CancelledError
        await sleep(0)

    settings = SourceSettings(name="m", kind="mqtt", broker=f"mqtt://{HERE}:{port}", topics=TOPICS)
    source = MqttSource(settings, Inlet(10), lambda what, why: faults.append(why), pause=paused)
    with pytest.raises(asyncio.CancelledError):
        await source.run()
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert len(faults) == 8 and all(faults)
