"""The MQTT channel: one message published to the topic of its address, and done when the broker acknowledged it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import SplitResult

from sentinel.notify.fault import DeliveryError
from sentinel.notify.publisher import PORTS, Broker, Publication, Publisher
from sentinel.notify.settings import ChannelSettings
from sentinel.notify.template import fill

__all__ = ["SCHEMES", "publish"]

SCHEMES = frozenset(PORTS)
"""Schemes of a channel's address."""


def publish(channel: ChannelSettings, url: SplitResult, fields: Mapping[str, str]) -> None:
    """Publish one message under the path of `url`. Blocks. Raises DeliveryError, SecretError."""
    broker = Broker(
        url.scheme,
        url.hostname or "",
        url.port,
        channel.user,
        channel.password,
        channel.authority,
        channel.certificate,
        channel.key,
        channel.timeout,
    )
    body = fill(channel.body, fields).encode("utf-8", "replace")
    with Publisher(broker) as publisher:
        (refused,) = publisher.publish([Publication(url.path[1:], body, fields.get("id", ""))])
    if refused:
        raise DeliveryError(refused)
