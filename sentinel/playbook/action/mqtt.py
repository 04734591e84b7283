"""Publish a message at a declared MQTT broker."""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import urlsplit

from sentinel.notify.fault import DeliveryError
from sentinel.notify.publisher import Publication, Publisher
from sentinel.playbook.action.act import Act, Call, Parameter, Result
from sentinel.playbook.fault import ActionFailed
from sentinel.playbook.settings import BrokerSettings
from sentinel.secret import SecretError
from sentinel.text import Message

__all__ = ["Publish"]


class Publish(Act):
    """Published with QoS 1 under the broker's path; done when the broker acknowledged it.

    Its user property `id` is that of the run's step: a message that comes twice after a death is known by it.
    """

    name = "mqtt"
    parameters = {
        "broker": Parameter("string"),
        "topic": Parameter("string"),
        "text": Parameter("string", False),
        "json": Parameter("dictionary", False),
        "retain": Parameter("bool", False),
    }

    def __init__(self, brokers: Iterable[BrokerSettings]) -> None:
        self._brokers = {broker.name: broker for broker in brokers}

    async def act(self, call: Call) -> Result:
        asked = call.arguments
        broker = self._brokers.get(asked["broker"])
        if broker is None:
            raise ActionFailed(Message("playbook.no-broker", name=asked["broker"]))
        url = urlsplit(broker.url)
        topic = "/".join(part for part in (url.path.strip("/"), asked["topic"].strip("/")) if part)
        if not topic or any(letter in topic for letter in "+#\0") or len(topic.encode()) > 65535:
            raise ActionFailed(Message("playbook.bad-topic", topic=topic[:80]))
        document = asked.get("json")
        said = json.dumps(document, ensure_ascii=False) if document is not None else asked.get("text") or ""
        id, retain = f"{call.run}/{call.key}", bool(asked.get("retain"))
        message = Publication(topic, said.encode("utf-8", "replace"), id, retain)
        try:
            async with Publisher(broker.url, broker) as publisher:
                (refused,) = await publisher.publish([message])
        except (DeliveryError, SecretError) as error:
            refused = str(error)
        if refused:
            raise ActionFailed(Message("playbook.mqtt-failed", broker=broker.name, reason=refused))
        return Result({"topic": topic})
