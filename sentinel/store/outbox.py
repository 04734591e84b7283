"""The outbox: what is to be told outside, written in the transaction of what it tells of.

A row is one message for one channel. It stays `waiting` until its channel took it (`delivered`) or it was tried
for too long (`failed`). A process that dies between delivery and the mark delivers again, with the same id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "OutboxMessage",
    "OutboxStore",
    "Waiting",
    "create_outbox_table",
    "create_request_table",
    "enqueue",
]

_TABLE: Final = """
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    channel TEXT NOT NULL,
    made_at REAL NOT NULL,
    priority INTEGER NOT NULL,
    drill INTEGER NOT NULL,
    content TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    attempted_at REAL,
    next_at REAL NOT NULL,
    error TEXT NOT NULL DEFAULT '',
    UNIQUE (id, channel)
)
"""
_INDEXES: Final = (
    "CREATE INDEX outbox_waiting ON outbox (channel, priority, seq) WHERE state = 'waiting'",
    "CREATE INDEX outbox_attempted ON outbox (channel, attempted_at)",
)
_REQUEST_TABLE: Final = "CREATE TABLE outbox_request (channel TEXT NOT NULL, at REAL NOT NULL)"
_REQUEST_INDEX: Final = "CREATE INDEX outbox_request_channel ON outbox_request (channel, at)"
_REMEMBERED: Final = 3600.0
"""Seconds that a request is remembered for the sake of a channel's pace."""


def create_outbox_table(database: Database) -> None:
    """A step of the migrations."""
    for statement in (_TABLE, *_INDEXES):
        database.execute(statement)


def create_request_table(database: Database) -> None:
    """A step of the migrations."""
    for statement in (_REQUEST_TABLE, _REQUEST_INDEX):
        database.execute(statement)


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One message for one channel."""

    id: str
    """The same for the same happening, however often it is written or delivered."""
    channel: str
    made_at: float
    """Seconds since 1970 UTC."""
    priority: int
    """1 goes first."""
    content: str
    """What the channel understands; for people a JSON object of texts."""
    drill: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is due."""

    seq: int
    id: str
    made_at: float
    content: str
    attempts: int
    """How often it was tried before."""


def enqueue(database: Database, message: OutboxMessage) -> bool:
    """Write `message` inside the caller's transaction; False where its channel had it before."""
    done = database.conn.execute(
        "INSERT OR IGNORE INTO outbox (id, channel, made_at, priority, drill, content, next_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            message.id,
            message.channel,
            message.made_at,
            message.priority,
            message.drill,
            message.content,
            message.made_at,
        ),
    )
    return done.rowcount == 1


class OutboxStore:
    """Questions and marks on the table, each inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._connection = database.conn

    def due(self, channel: str, now: float, number: int) -> list[Waiting]:
        """What `channel` is to be given now: the gravest first, then the oldest."""
        rows = self._connection.execute(
            "SELECT seq, id, made_at, content, attempts FROM outbox "
            "WHERE state = 'waiting' AND channel = ? AND next_at <= ? ORDER BY priority, seq LIMIT ?",
            (channel, now, number),
        )
        return [Waiting(*row) for row in rows]

    def requests_since(self, channel: str, since: float) -> int:
        """How often `channel` was asked after `since`, by this process or a former one, whatever it was asked."""
        question = "SELECT count(*) FROM outbox_request WHERE channel = ? AND at > ?"
        return int(self._connection.execute(question, (channel, since)).fetchone()[0])

    def delivered(self, seq: int, now: float) -> None:
        """The channel took it."""
        self._asked(seq, now)
        self._connection.execute(
            "UPDATE outbox SET state = 'delivered', attempts = attempts + 1, attempted_at = ?, error = '' "
            "WHERE seq = ?",
            (now, seq),
        )

    def refused(self, seq: int, now: float, error: str, next_at: float | None) -> None:
        """The channel did not take it. It is tried again at `next_at`, or, without one, given up."""
        self._asked(seq, now)
        self._connection.execute(
            "UPDATE outbox SET state = ?, attempts = attempts + 1, attempted_at = ?, error = ?, "
            "next_at = coalesce(?, next_at) WHERE seq = ?",
            ("waiting" if next_at is not None else "failed", now, error, next_at, seq),
        )

    def _asked(self, seq: int, now: float) -> None:
        self._connection.execute(
            "INSERT INTO outbox_request SELECT channel, ? FROM outbox WHERE seq = ?", (now, seq)
        )
        self._connection.execute(
            "DELETE FROM outbox_request WHERE channel = (SELECT channel FROM outbox WHERE seq = ?) AND at < ?",
            (seq, now - _REMEMBERED),
        )

    def retry(self, now: float) -> int:
        """Let everything that failed or waits for its next try be tried now, for as long as a new message; how many."""
        done = self._connection.execute(
            "UPDATE outbox SET state = 'waiting', attempts = 0, next_at = ?, made_at = max(made_at, ?) "
            "WHERE state = 'failed' OR (state = 'waiting' AND attempts > 0)",
            (now, now),
        )
        return done.rowcount

    def forget(self, before: float) -> int:
        """Remove what was delivered or given up before; how many."""
        question = "DELETE FROM outbox WHERE state <> 'waiting' AND attempted_at < ?"
        return self._connection.execute(question, (before,)).rowcount

    def counts(self) -> dict[tuple[str, str], int]:
        """Messages by channel and state."""
        rows = self._connection.execute("SELECT channel, state, count(*) FROM outbox GROUP BY 1, 2")
        return {(channel, state): number for channel, state, number in rows}

    def latest(self, number: int) -> list[dict[str, Any]]:
        """The newest messages with their state, newest first."""
        rows = self._connection.execute(
            "SELECT seq, id, channel, made_at, drill, state, attempts, attempted_at, error, content "
            "FROM outbox ORDER BY seq DESC LIMIT ?",
            (number,),
        )
        names = [column[0] for column in rows.description]
        return [dict(zip(names, row, strict=True)) for row in rows]
