"""A feed's line to a syslog receiver: single alerts, many over one connection (RFC 6587, RFC 5425) or a datagram each."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from sentinel.event import Alert
from sentinel.notify.fault import DeliveryError
from sentinel.notify.feed import Document
from sentinel.notify.settings import ChannelSettings
from sentinel.notify.syslog import report
from sentinel.secret import reveal
from sentinel.text import current_language, text

__all__ = ["SyslogLine"]


class SyslogLine:
    """A `Line`. What goes together counts as taken once the other side ended that connection in order after it."""

    connected = True
    """Each connection ends with what it was made for."""

    def __init__(self, channel: ChannelSettings) -> None:
        self._channel = channel

    @contextlib.asynccontextmanager
    async def opened(self, last: Mapping[str, Any]) -> AsyncIterator[None]:
        yield

    async def publish(self, topic: str, documents: Sequence[Document]) -> list[str]:
        await asyncio.to_thread(self._report, [_fields(document) for document in documents])
        return [""] * len(documents)

    async def say(self, status: Mapping[str, Any], patience: float | None = None) -> str:
        return ""

    def _report(self, messages: Sequence[Mapping[str, str]]) -> None:
        try:
            report(self._channel, urlsplit(reveal(self._channel.url)), *messages)
        except ValueError as error:
            raise DeliveryError(text("notify.unusable")) from error


def _fields(document: Document) -> dict[str, str]:
    """An alert by the names of a `Notice`, and what an alert has besides."""
    alert: Alert = document.content
    title = (alert.title_en or alert.title) if current_language() == "en" else alert.title
    fields = {
        "id": alert.id,
        "code": "alert",
        "kind": alert.kind,
        "ts": repr(alert.ts),
        "title": title,
        "text": f"{text('notify.drill')}{title}" if alert.drill else title,
        "severity": alert.level.value,
        "category": alert.category or "",
        "attacker": alert.src or "",
        "attacker_port": str(alert.src_port or ""),
        "victim": alert.dst or "",
        "victim_port": str(alert.dst_port or ""),
        "zone": alert.zone or "",
        "rule": alert.rule_id,
        "tags": " ".join(alert.tags),
        "drill": text("notify.drill") if alert.drill else "",
    }
    return {name: value for name, value in fields.items() if value}
