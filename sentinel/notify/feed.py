"""A feed: what grows in the database, published over a line in the order in which it came.

Alerts, timelines and the register's history only grow, so each is its own outbox: a feed keeps how far it has come and
moves on once the other side acknowledged. One that is away, or a daemon that is killed, costs nothing; what was
acknowledged and not noted down is published again under its id.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from sentinel import __version__
from sentinel.notify.fault import DeliveryError
from sentinel.notify.settings import NotifySettings
from sentinel.secret import SecretError
from sentinel.store import StoreWriter
from sentinel.store.feed import FeedStore
from sentinel.text import text

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Document", "Feed", "Line", "Source"]

_AT_ONCE: Final = 500
_EVERY: Final = 1.0
"""Seconds between looks for what is new."""
_MINUTE: Final = 60.0
_FAREWELL: Final = 1.0
"""Seconds to say at the end that we stopped."""

Tell = Callable[[str, str, str, int], None]
"""Told of each attempt: feed, outcome (`delivered`, `retried`, `failed`; `mute`: the status was refused), reason, number
of documents."""


@dataclass(frozen=True, slots=True)
class Document:
    """One thing to publish."""

    position: int
    """Its place in its log: 1, 2, 3 … with gaps."""
    id: str
    content: Any
    """What msgspec can write as a JSON object."""
    drill: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A log of the database."""

    after: Callable[[Database, int, int], Sequence[Document]]
    """Given a position and a number: so many documents at most that come after it."""
    end: Callable[[Database], int]
    """Position of the last one."""
    first: Callable[[Database], int] = lambda database: 0
    """Position of the first one that there still is, of a log that does not keep all; 0 where it does, or is empty."""
    topic: str = ""
    """Last level of its topic, where that is not its own name."""


class Line(Protocol):
    """Where a feed publishes. Everything raises DeliveryError and SecretError."""

    def opened(self, last: Mapping[str, Any]) -> AbstractAsyncContextManager[None]:
        """Connect, and end in the end. `last` is the status that the other side is to assume where we go without a word."""

    @property
    def connected(self) -> bool:
        """Whether the other side is still there, as far as is known."""

    async def publish(self, topic: str, documents: Sequence[Document]) -> list[str]:
        """Publish all in their order; for each why the other side refused it, or nothing where it took it."""

    async def say(self, status: Mapping[str, Any], patience: float | None = None) -> str:
        """Say how we are, within so many seconds; why that was refused, or nothing."""


class Feed:
    """`run` is a task of the owner's, until cancelled. Raises StoreError where the database cannot be used."""

    def __init__(
        self,
        name: str,
        line: Line,
        patience: NotifySettings,
        sources: Mapping[str, Source],
        writer: StoreWriter,
        tell: Tell,
        *,
        wants: Callable[[Document], bool] = lambda document: not document.drill,
        every: float = 60.0,
        pace: int | None = None,
        figures: Callable[[Database], Mapping[str, Any]] = lambda database: {},
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`every`: seconds between two words that we are there. `pace`: documents in any minute; None for any number."""
        self.name = name
        self.behind = 0
        """Documents not published yet, at most."""
        self._line = line
        self._patience = patience
        self._sources = dict(sources)
        self._wants = wants
        self._every = every
        self._pace = pace
        self._offered: deque[tuple[float, int]] = deque([(clock(), pace or 0)])
        """When how many were offered; a life before this one may have offered all that a minute takes."""
        self._writer = writer
        self._tell = tell
        self._figures = figures
        self._clock = clock
        self._sleep = pause
        self._positions: dict[str, int] | None = None
        self._stuck: dict[str, tuple[str, float]] = {}
        """By log, what the broker does not take, and since when it does not."""
        self._resume: dict[str, float] = {}
        """By log, when to offer again what it does not take."""

    async def begin(self) -> dict[str, int]:
        """Know where to go on. What is written before this, a feed that is new does not publish."""
        if self._positions is None:
            self._positions = await self._writer.run(
                lambda db: FeedStore(db).begin(
                    self.name, {name: source.end(db) for name, source in self._sources.items()}
                )
            )
        return self._positions

    async def run(self) -> None:
        """Publish until cancelled. A broker that is away is called again, ever more slowly."""
        positions = await self.begin()
        wait = self._patience.retry
        while True:
            before = dict(positions)
            try:
                await self._connected(positions)
            except (DeliveryError, SecretError) as error:
                self._tell(self.name, "retried", str(error), 1)
            wait = self._patience.retry if positions != before else min(wait * 2, self._patience.retry_max)
            await self._measure(positions)
            await self._sleep(wait)

    async def _connected(self, positions: dict[str, int]) -> None:
        """Publish over one connection, for as long as it holds. Raises DeliveryError, SecretError."""
        self._resume.clear()
        line, said = self._line, float("-inf")
        async with line.opened(self._status("lost")):
            try:
                while True:
                    if self._clock() - said >= self._every:
                        said = self._clock()
                        await self._say()
                    if not await self._advance(positions):
                        if not line.connected:
                            return
                        await self._sleep(_EVERY)
            except asyncio.CancelledError:
                with contextlib.suppress(DeliveryError):  # then the other side says it in our place
                    await line.say(self._status("stopped"), _FAREWELL)
                raise

    async def _say(self) -> None:
        """Say that we are there."""
        figures = await self._writer.run(self._figures)
        if refused := await self._line.say({**self._status("online"), **figures}):
            self._tell(self.name, "mute", refused, 1)  # what matters more may be allowed all the same

    async def _advance(self, positions: dict[str, int]) -> int:
        """Publish what is new in each log, up to a number; how many documents that were."""
        now = self._clock()
        due = [name for name in self._sources if now >= self._resume.get(name, now)]
        return sum([await self._publish(name, positions) for name in due])

    async def _publish(self, log: str, positions: dict[str, int]) -> int:
        source, position = self._sources[log], positions[log]
        first, documents = await self._writer.run(
            lambda db: (source.first(db), source.after(db, position, _AT_ONCE))
        )
        if not documents:
            return 0
        wanted = [document for document in documents if self._wants(document)]
        reached, room = documents[-1].position, self._room()
        if len(wanted) > room:
            if not room:
                return 0
            reached, wanted = wanted[room - 1].position, wanted[:room]
        if wanted and self._pace is not None:
            self._offered.append((self._clock(), len(wanted)))
        refused = await self._line.publish(source.topic or log, wanted) if wanted else []
        stuck = next((place for place, reason in enumerate(refused) if reason), None)
        if stuck is not None:
            passed = self._may_pass(log, wanted[stuck], refused[stuck])
            reached = wanted[stuck].position - (not passed)
        await self._moved(positions, log, reached)
        if first > position + 1:
            self._tell(self.name, "failed", text("notify.too-many"), first - position - 1)
        self._tell(self.name, "delivered", "", len(wanted) if stuck is None else stuck)
        if stuck is not None:  # of this log; the others may be welcome
            self._resume[log] = self._clock() + self._patience.retry_max
            self._tell(self.name, "retried", refused[stuck], 1)
        return len(documents) if stuck is None else stuck

    def _room(self) -> int:
        """How many may be offered now, so that no minute has more than the pace; what was refused counts."""
        if self._pace is None:
            return _AT_ONCE
        now = self._clock()
        while self._offered and not 0 <= now - self._offered[0][0] < _MINUTE:
            self._offered.popleft()
        return max(0, self._pace - sum(number for _, number in self._offered))

    def _may_pass(self, log: str, document: Document, reason: str) -> bool:
        """Whether to go on without a document that the broker has refused for long enough."""
        now = self._clock()
        id, since = self._stuck.get(log, ("", now))
        if id != document.id:
            self._stuck[log] = (document.id, now)
            return False
        if now - since < self._patience.give_up:
            return False
        self._tell(self.name, "failed", reason, 1)
        return True

    def _status(self, state: str) -> dict[str, Any]:
        return {"state": state, "ts": self._clock(), "version": __version__, "behind": self.behind}

    async def _moved(self, positions: dict[str, int], log: str, reached: int) -> None:
        """Note down how far a log is published, and see in the same turn how far all of them are."""

        def work(database: Database) -> dict[str, int]:
            FeedStore(database).move(self.name, log, reached)
            return self._ends(database)

        ends = await self._writer.run(work)
        positions[log] = reached
        self.behind = _behind(ends, positions)

    async def _measure(self, positions: Mapping[str, int]) -> None:
        self.behind = _behind(await self._writer.run(self._ends), positions)

    def _ends(self, database: Database) -> dict[str, int]:
        return {name: source.end(database) for name, source in self._sources.items()}


def _behind(ends: Mapping[str, int], positions: Mapping[str, int]) -> int:
    return sum(max(0, end - positions[name]) for name, end in ends.items())
