"""Sensors over MQTT 5: what a broker tells on the topics of one source."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from aiomqtt import Client, Message, MqttError, ProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from sentinel.intake.chunk import Chunk, Inlet, Report
from sentinel.intake.settings import SourceSettings
from sentinel.secret import SecretError, reveal

__all__ = ["MqttSource", "is_broker"]

_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
_LARGEST: Final = 256 << 10
"""Bytes of a packet; the broker keeps back larger ones (MQTT 5.0, section 3.1.2.11.4)."""
_WAITING: Final = 10_000
_SESSION: Final = 86400
"""Seconds that the broker keeps messages while we are away."""
_QOS: Final = 1
_FIRST: Final = 1.0
_LONGEST: Final = 60.0
"""Seconds between two tries to connect, at most."""
_PATIENCE: Final = 10.0
_KEEPALIVE: Final = 30


def is_broker(written: str) -> bool:
    """Is it `mqtt://host` or `mqtts://host`, with or without a port?"""
    try:
        url = urlsplit(written)
        return (
            url.scheme in _PORTS
            and bool(url.hostname)
            and url.port != 0
            and not url.username
            and written.count("/") == 2
        )
    except ValueError:
        return False


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
        url = urlsplit(settings.broker)
        self.name = settings.name
        self.connections = 0
        """How often the broker was reached and the topics subscribed."""
        self.lost = 0
        """Messages given up since they came faster than anyone could take them."""
        self.subscribed = asyncio.Event()
        self._settings = settings
        self._tls = url.scheme == "mqtts"
        self._host = url.hostname or ""
        self._port = url.port or _PORTS[url.scheme]
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
            self._host,
            self._port,
            username=settings.user or None,
            password=reveal(settings.password) or None,
            identifier=f"sentinel-{socket.gethostname()}-{self.name}",
            protocol=ProtocolVersion.V5,
            clean_start=False,
            properties=properties,
            tls_context=await asyncio.to_thread(self._context) if self._tls else None,
            timeout=_PATIENCE,
            keepalive=_KEEPALIVE,
            max_queued_incoming_messages=_WAITING,
            queue_type=Backlog,
        )

    def _context(self) -> ssl.SSLContext:
        settings = self._settings
        context = ssl.create_default_context(cafile=settings.authority or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.certificate:
            context.load_cert_chain(Path(settings.certificate), Path(settings.key or settings.certificate))
        return context

    def _take(self, message: Message) -> None:
        payload = message.payload
        data = payload if isinstance(payload, bytes) else b"" if payload is None else str(payload).encode()
        chunk = Chunk(
            self.name, str(message.topic), [data], self._now(), host=self._host, retained=bool(message.retain)
        )
        self._inlet.offer(chunk)
