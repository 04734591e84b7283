"""The desk of feeds: what alerts, incidents and the register become for machines that listen to a broker or by syslog."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sentinel.event import Level
from sentinel.incident import find_incident
from sentinel.incident.listing import open_by_state_and_level
from sentinel.incident.timeline import entries_after, last_entry
from sentinel.ledger import Findings, LedgerStore
from sentinel.log import Log
from sentinel.metrics import Metrics
from sentinel.notify import (
    BrokerLine,
    ChannelSettings,
    Document,
    Feed,
    FeedSettings,
    Line,
    NotifySettings,
    Source,
    SyslogLine,
)
from sentinel.store import StoreError, StoreWriter
from sentinel.store.alert import alerts_after, last_alert

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["FeedDesk"]

_AGAIN: Final = 1.0
"""Seconds until the next try after the database failed."""
_INCIDENT: Final = (
    "number title title_en state severity_name level category zone attacker victim department system alerts"
    " discovered_at reported_at ended_at drill"
).split()
_ASSET: Final = (
    "department name code category system protection_level access_class developer product version vendor model cii"
).split()
"""Neither persons nor phones: who needs them asks the ledger."""

_log = Log("feed")


class FeedDesk:
    """`begin` comes first; `follow` is a task of the owner's, one for each of `feeds`."""

    def __init__(
        self,
        settings: NotifySettings,
        writer: StoreWriter,
        *,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._metrics = metrics
        self._down: set[str] = set()
        self._mute: set[str] = set()
        """Feeds whose status the broker refuses."""
        self._settings = settings
        self._writer = writer
        self._clock = clock
        self.feeds: Sequence[Feed] = [
            *(self._to_broker(feed) for feed in settings.feeds),
            *(self._to_syslog(channel) for channel in settings.channels if channel.alerts),
        ]

    def _to_broker(self, feed: FeedSettings) -> Feed:
        """Everything that it publishes, and its status."""
        sources = {name: source for name, source in SOURCES.items() if (source.topic or name) in feed.publish}
        return self._feed(
            feed.name,
            BrokerLine(feed),
            sources,
            wants=lambda document: document.drill == feed.drill,
            every=feed.status,
            figures=_figures,
        )

    def _to_syslog(self, channel: ChannelSettings) -> Feed:
        """Single alerts from a level on; what is told of incidents comes out of the outbox."""
        least = Level(channel.alerts).rank
        return self._feed(
            f"{channel.name}/alerts",
            SyslogLine(channel),
            {"alerts": SOURCES["alerts"]},
            wants=lambda document: document.drill == channel.drill and document.content.level.rank >= least,
            pace=channel.pace,
        )

    def _feed(self, name: str, line: Line, sources: Mapping[str, Source], **options: Any) -> Feed:
        return Feed(
            name, line, self._settings, sources, self._writer, self._told, clock=self._clock, **options
        )

    async def begin(self) -> None:
        """Before anything is written: what comes from now on is published. A database that cannot be used is told later."""
        with contextlib.suppress(StoreError):
            for feed in self.feeds:
                await feed.begin()

    async def follow(self, feed: Feed) -> None:
        """Publish until cancelled, also after a time in which the database could not be used."""
        outage = _log.outage("feed.behind")
        while True:
            try:
                await feed.run()
            except StoreError as error:
                outage.failed(error)
            await asyncio.sleep(_AGAIN)

    def _told(self, feed: str, outcome: str, reason: str, number: int) -> None:
        if outcome == "mute":
            if feed not in self._mute:
                self._mute.add(feed)
                _log.warning("feed.mute", feed=feed, reason=reason)
            return
        if self._metrics is not None:
            self._metrics.notify.attempted(feed, outcome, number)
            self._metrics.notify.waiting(feed, next(one.behind for one in self.feeds if one.name == feed))
        if outcome == "failed":
            _log.error("feed.failed", feed=feed, reason=reason)
        elif outcome == "retried" and feed not in self._down:
            self._down.add(feed)
            _log.warning("feed.retried", feed=feed, reason=reason)
        elif outcome == "delivered" and number and feed in self._down:
            self._down.discard(feed)
            _log.info("feed.again", feed=feed)


def _alerts(database: Database, position: int, limit: int) -> list[Document]:
    return [
        Document(number, alert.id, alert, alert.drill)
        for number, alert in alerts_after(database, position, limit)
    ]


def _incidents(database: Database, position: int, limit: int) -> list[Document]:
    """Each entry of a timeline, with the incident as it is now. What people wrote stays here."""
    documents = []
    for number, id, entry in entries_after(database.conn, position, limit):
        incident = find_incident(database.conn, id)
        content = {name: getattr(incident, name) for name in _INCIDENT}
        content |= {"id": f"{incident.number}/{number}", "at": entry.at, "action": entry.action}
        documents.append(Document(number, content["id"], content, incident.drill))
    return documents


def _assets(database: Database, position: int, limit: int) -> list[Document]:
    documents = []
    for revision, asset, ts, action, registered in LedgerStore(database.conn).changes_after(position, limit):
        content: dict[str, Any] = {name: getattr(registered, name) for name in _ASSET}
        content |= {"id": f"asset-{asset}/{revision}", "at": ts, "action": action}
        content["addresses"] = [{"zone": key[0], "address": key[1]} for key in registered.addresses]
        documents.append(Document(revision, content["id"], content))
    return documents


def _findings(database: Database, position: int, limit: int) -> list[Document]:
    """What the network showed: devices that are new, differences from the register that begin or end."""
    documents = []
    for finding in Findings(database.conn).after(position, limit):
        content = {**finding.content, "id": f"finding/{finding.position}", "at": finding.ts}
        documents.append(Document(finding.position, content["id"], content))
    return documents


def _figures(database: Database) -> Mapping[str, Any]:
    """What the status says of the site: open incidents by level."""
    by_level: dict[str, int] = {}
    for (_, level), number in open_by_state_and_level(database.conn).items():
        by_level[str(level)] = by_level.get(str(level), 0) + number
    return {"open_incidents": by_level}


SOURCES: Final = {
    "alerts": Source(_alerts, last_alert),
    "incidents": Source(_incidents, lambda database: last_entry(database.conn)),
    "assets": Source(_assets, lambda database: LedgerStore(database.conn).revision()),
    "findings": Source(
        _findings,
        lambda database: Findings(database.conn).last(),
        first=lambda database: Findings(database.conn).first(),
        topic="assets",
    ),
}
"""By the name under which a feed keeps how far it came."""
