"""A connection to an MQTT 5 broker that publishes with QoS 1 and knows what was acknowledged (MQTT 5.0, section 4.3.2).

paho's own client and not aiomqtt, which takes an acknowledgement that refuses (section 3.4.2.1) for one that accepts.
"""

from __future__ import annotations

import queue
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from sentinel.notify.fault import DeliveryError
from sentinel.secret import reveal
from sentinel.text import text

__all__ = ["PORTS", "Broker", "Publication", "Publisher"]

PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
"""Schemes of a broker's address, with their ports (IANA)."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where it is and who we are there."""

    scheme: str
    host: str
    port: int | None
    user: str = ""
    password: str = ""
    """May be a secret by reference."""
    authority: str = ""
    certificate: str = ""
    key: str = ""
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class Publication:
    """One message. Its `id` goes with it as the user property `id`: who gets it twice can tell."""

    topic: str
    payload: bytes
    id: str
    retain: bool = False


class Publisher:
    """`with` connects and ends. Everything blocks, and belongs to one thread at a time. All raise DeliveryError."""

    def __init__(self, broker: Broker, will: Publication | None = None) -> None:
        self._broker = broker
        self._answers: queue.SimpleQueue[tuple[int | None, Any]] = queue.SimpleQueue()
        client = self._client = Client(
            CallbackAPIVersion.VERSION2, protocol=MQTTv5, reconnect_on_failure=False
        )
        client.connect_timeout = broker.timeout
        client.on_connect = lambda client, data, flags, reason, properties: self._answers.put((0, reason))
        client.on_publish = lambda client, data, number, reason, properties: self._answers.put(
            (number, reason)
        )
        client.on_disconnect = lambda client, data, flags, reason, properties: self._answers.put(
            (None, reason)
        )
        if will is not None:
            client.will_set(will.topic, will.payload, 1, will.retain)

    def __enter__(self) -> Self:
        broker, client = self._broker, self._client
        try:
            if broker.user:
                client.username_pw_set(broker.user, reveal(broker.password) or None)
            if broker.scheme == "mqtts":
                context = ssl.create_default_context(cafile=broker.authority or None)
                context.minimum_version = ssl.TLSVersion.TLSv1_2
                if broker.certificate:
                    context.load_cert_chain(broker.certificate, broker.key or broker.certificate)
                client.tls_set_context(context)
            client.connect(broker.host, broker.port or PORTS[broker.scheme])
            client.loop_start()
            self._refuse(self._answer(self._until())[1])
        except (OSError, ValueError) as error:
            self._end()
            reason = type(error).__name__ if isinstance(error, ValueError) else error
            raise DeliveryError(text("notify.unreachable", reason=reason)) from error
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._end()

    @property
    def connected(self) -> bool:
        """Whether the broker is still there, as far as is known."""
        return self._client.is_connected()

    def publish(self, publications: Sequence[Publication], timeout: float | None = None) -> list[str]:
        """Publish all, in their order, and wait for their acknowledgements; for each why it was refused, or nothing."""
        numbers = [self._begin(publication) for publication in publications]
        outstanding = {number: place for place, number in enumerate(numbers)}
        refused = [""] * len(publications)
        until = self._until(timeout)
        while outstanding:
            number, reason = self._answer(until)
            if number is None:
                raise DeliveryError(text("notify.unreachable", reason=reason))
            place = outstanding.pop(number, None)
            if place is not None and reason.is_failure:
                refused[place] = text("notify.refused", reason=reason)
        return refused

    def _begin(self, publication: Publication) -> int:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = "application/json"
        properties.UserProperty = ("id", publication.id)
        try:
            told = self._client.publish(
                publication.topic, publication.payload, 1, publication.retain, properties
            )
        except (OSError, ValueError) as error:
            reason = type(error).__name__ if isinstance(error, ValueError) else error
            raise DeliveryError(text("notify.unreachable", reason=reason)) from error
        return told.mid

    def _until(self, timeout: float | None = None) -> float:
        return time.monotonic() + (self._broker.timeout if timeout is None else timeout)

    def _answer(self, until: float) -> tuple[int | None, Any]:
        try:
            return self._answers.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty as error:
            raise DeliveryError(text("notify.unreachable", reason="timeout")) from error

    def _refuse(self, reason: Any) -> None:
        if reason.is_failure:
            raise DeliveryError(text("notify.refused", reason=reason))

    def _end(self) -> None:
        self._client.loop_stop()
