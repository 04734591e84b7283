"""Sensors over MQTT 5: what a broker tells on the topics of one source."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from aiomqtt import Client, Message, MqttError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from sentinel.broker import access
from sentinel.intake.chunk import Chunk, Inlet, Report
from sentinel.intake.settings import SourceSettings
from sentinel.secret import SecretError

__all__ = ["MqttSource"]

_LARGEST: Final = 256 << 10
"""Bytes of a packet; the broker keeps back larger ones (MQTT 5.0, section 3.1.2.11.4)."""
_WAITING: Final = 10_000
_SESSION: Final = 86400
"""Seconds that the broker keeps messages while we are away."""
_QOS: Final = 1
_FIRST: Final = 1.0
_LONGEST: Final = 60.0
"""Seconds between two tries to connect, at most."""
_KEEPALIVE: Final = 30


class MqttSource:
    """Hands over messages, a stream for each topic. A broker that goes away is called again, ever more slowly."""

    def __init__(
        self,
        settings: SourceSettings,
        inlet: Inlet,
        report: Report,
        now: Callable[[], float] = time.time,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name = settings.name
        self.connections = 0
        """How often the broker was reached and the topics subscribed."""
        self.lost = 0
        """Messages given up since they came faster than anyone could take them."""
        self.subscribed = asyncio.Event()
        self._settings = settings
        self._host = urlsplit(settings.broker).hostname or ""
        self._inlet = inlet
        self._report = report
        self._now = now
        self._sleep = pause
        self._pause = _FIRST

    async def run(self) -> None:
        """Receive until cancelled."""
        while True:
            try:
                await self._receive()
            except (MqttError, SecretError, OSError, ValueError) as error:
                self._report(self._settings.broker, str(error) or type(error).__name__)
            finally:
                self.subscribed.clear()
            await self._sleep(self._pause)
            self._pause = min(self._pause * 2, _LONGEST)

    async def _receive(self) -> None:
        async with await self._client() as client:
            for filter in dict.fromkeys(entry.topic for entry in self._settings.topics):
                for granted in await client.subscribe(filter, qos=_QOS):
                    if getattr(granted, "is_failure", False):
                        self._report(filter, str(granted))
            self.connections += 1
            self._pause = _FIRST
            self.subscribed.set()
            async for message in client.messages:
                self._take(message)

    async def _client(self) -> Client:
        settings, source = self._settings, self

        class Backlog(asyncio.Queue[Message]):
            """The library's own queue, but that what it has no room for is counted."""

            def put_nowait(self, item: Message) -> None:
                source.lost += self.full()
                super().put_nowait(item)

        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = _SESSION
        properties.MaximumPacketSize = _LARGEST
        return Client(
            **await asyncio.to_thread(access, settings.broker, settings),
            identifier=f"sentinel-{socket.gethostname()}-{self.name}",
            clean_start=False,
            properties=properties,
            keepalive=_KEEPALIVE,
            max_queued_incoming_messages=_WAITING,
            queue_type=Backlog,
        )

    def _take(self, message: Message) -> None:
        payload = message.payload
        data = payload if isinstance(payload, bytes) else b"" if payload is None else str(payload).encode()
        chunk = Chunk(
            self.name, str(message.topic), [data], self._now(), host=self._host, retained=bool(message.retain)
        )
        self._inlet.offer(chunk)
