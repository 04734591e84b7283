"""The MQTT channel: one message published to the topic of its address, and done when the broker acknowledged it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import SplitResult

from sentinel.broker import PORTS
from sentinel.notify.fault import DeliveryError
from sentinel.notify.publisher import Publication, Publisher
from sentinel.notify.settings import ChannelSettings
from sentinel.notify.template import fill

__all__ = ["SCHEMES", "publish"]

SCHEMES = frozenset(PORTS)
"""Schemes of a channel's address."""


def publish(channel: ChannelSettings, url: SplitResult, fields: Mapping[str, str]) -> None:
    """Publish one message under the path of `url`. Blocks. Raises DeliveryError, SecretError."""
    body = fill(channel.body, fields).encode("utf-8", "replace")
    refused = asyncio.run(_publish(channel, Publication(url.path[1:], body, fields.get("id", "")), url))
    if refused:
        raise DeliveryError(refused)


async def _publish(channel: ChannelSettings, message: Publication, url: SplitResult) -> str:
    async with Publisher(url._replace(path="").geturl(), channel) as publisher:
        (refused,) = await publisher.publish([message])
    return refused
