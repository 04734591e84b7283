"""A feed's line to an MQTT broker: `sentinel/<site>/<topic>`, and a status that the broker keeps."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec

from sentinel.notify.feed import Document
from sentinel.notify.publisher import Publication, Publisher
from sentinel.notify.settings import FeedSettings

__all__ = ["BrokerLine"]


class BrokerLine:
    """A `Line`. Where the connection breaks without a word, the broker tells the status `last` (its last will)."""

    def __init__(self, settings: FeedSettings) -> None:
        self._settings = settings
        self._publisher: Publisher

    @contextlib.asynccontextmanager
    async def opened(self, last: Mapping[str, Any]) -> AsyncIterator[None]:
        async with Publisher(self._settings.broker, self._settings, self._status(last)) as self._publisher:
            yield

    @property
    def connected(self) -> bool:
        return self._publisher.connected

    async def publish(self, topic: str, documents: Sequence[Document]) -> list[str]:
        return await self._publisher.publish(
            [Publication(self._topic(topic), msgspec.json.encode(one.content), one.id) for one in documents]
        )

    async def say(self, status: Mapping[str, Any], patience: float | None = None) -> str:
        (refused,) = await self._publisher.publish([self._status(status)], patience)
        return refused

    def _status(self, status: Mapping[str, Any]) -> Publication:
        id = f"{status['state']}/{status['ts']!r}"
        return Publication(self._topic("status"), msgspec.json.encode(status), id, retain=True)

    def _topic(self, last: str) -> str:
        return f"sentinel/{self._settings.site}/{last}"
