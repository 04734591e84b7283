"""A connection to an MQTT 5 broker that publishes with QoS 1 and knows what was acknowledged (MQTT 5.0, section 4.3.2)."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from aiomqtt import Client, MqttError, Will
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from sentinel.broker import PeerSettings, access
from sentinel.notify.fault import DeliveryError
from sentinel.text import text

__all__ = ["Publication", "Publisher"]

_IN_FLIGHT: Final = 50
"""Publications that wait for their acknowledgement at once: so many that others on the loop have their turn between."""
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Publication:
    """One message. Its `id` goes with it as the user property `id`: who gets it twice can tell."""

    topic: str
    payload: bytes
    id: str
    retain: bool = False


class Publisher:
    """`async with` connects and ends. Everything raises DeliveryError; the first also SecretError."""

    def __init__(self, broker: str, peer: PeerSettings, will: Publication | None = None) -> None:
        self._broker = broker
        self._peer = peer
        self._will = will
        self._client: _Client
        self._listening: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        will = self._will
        try:
            self._client = _Client(
                **await asyncio.to_thread(access, self._broker, self._peer),
                will=will and Will(will.topic, will.payload, 1, will.retain),
                max_concurrent_outgoing_calls=_IN_FLIGHT,
                max_inflight_messages=_IN_FLIGHT,
            )
            self._client.pending_calls_threshold = 1 << 30  # many at once are what we want
            await self._client.__aenter__()
        except (MqttError, OSError, ValueError) as error:
            # a ValueError's own text would quote the address
            reason = type(error).__name__ if isinstance(error, ValueError) else error
            raise DeliveryError(text("notify.unreachable", reason=reason)) from error
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.cancel()
        with contextlib.suppress(MqttError):
            await self._client.__aexit__(None, None, None)

    @property
    def connected(self) -> bool:
        """Whether the broker is still there, as far as is known."""
        return not self._listening.done()

    async def publish(self, publications: Sequence[Publication], patience: float | None = None) -> list[str]:
        """Publish all, in their order, and wait for their acknowledgements; for each why it was refused, or nothing.

        `patience` in seconds, in place of the settings'.
        """
        # tasks begin in the order they are made
        tasks = [asyncio.ensure_future(self._publish(publication)) for publication in publications]
        sending = asyncio.gather(*tasks)
        either: set[asyncio.Future[Any]] = {sending, self._listening}
        try:
            await asyncio.wait(
                either,
                timeout=self._peer.timeout if patience is None else patience,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not sending.done():
                reason = "timeout" if self.connected else "disconnected"
                raise DeliveryError(text("notify.unreachable", reason=reason))
        finally:
            for task in tasks:  # where one failed, the others still wait
                task.cancel()
        return sending.result()

    async def _publish(self, publication: Publication) -> str:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = "application/json"
        properties.UserProperty = ("id", publication.id)
        topic, payload, retain = publication.topic, publication.payload, publication.retain
        try:
            await self._client.publish(topic, payload, 1, retain, properties, timeout=math.inf)
        except _Refused as refused:
            return text("notify.refused", reason=refused)
        except (MqttError, ValueError) as error:
            reason = type(error).__name__ if isinstance(error, ValueError) else error
            raise DeliveryError(text("notify.unreachable", reason=reason)) from error
        return ""

    async def _listen(self) -> None:
        """Nothing is subscribed: this ends when the connection does."""
        with contextlib.suppress(MqttError):
            async for _ in self._client.messages:
                pass


class _Refused(Exception):
    """The broker acknowledged that it does not take a publication."""


class _Client(Client):
    """The library's own, but that an acknowledgement that refuses (section 3.4.2.1) is none.

    aiomqtt 2.5 takes it for one that accepts, so what an ACL forbids would count as published.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._refusals: dict[int, str] = {}

    def _on_publish(self, client: Any, userdata: Any, mid: int, reason_code: Any, properties: Any) -> None:
        if reason_code.is_failure and mid in self._pending_publishes:
            self._refusals[mid] = str(reason_code)
        super()._on_publish(client, userdata, mid, reason_code, properties)

    @contextlib.contextmanager
    def _pending_call(self, mid: int, value: _Value, pending_dict: dict[int, _Value]) -> Iterator[None]:
        try:
            with super()._pending_call(mid, value, pending_dict):
                yield
        finally:
            refusal = self._refusals.pop(mid, None)
        if refusal is not None:
            raise _Refused(refusal)
