"""The outbox: what is to be told outside, written in the transaction of what it tells of.

A row is one message for one channel. It stays `waiting` until its channel took it (`delivered`) or it was tried
for too long (`failed`). A process that dies between delivery and the mark delivers again, with the same id.

Messages about one matter that wait together go as one: the first takes the others along. From the moment that it is
taken out it takes no further ones, so a repeat says under its id what the first try said.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "OutboxMessage",
    "OutboxStore",
    "Waiting",
    "create_merge_columns",
    "create_outbox_table",
    "create_request_table",
    "enqueue",
    "index_done_messages",
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
_MERGE_COLUMNS: Final = (
    "ALTER TABLE outbox ADD COLUMN about TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE outbox ADD COLUMN taken_at REAL",
    "ALTER TABLE outbox ADD COLUMN within INTEGER REFERENCES outbox (seq) ON DELETE CASCADE",
    "CREATE INDEX outbox_within ON outbox (within) WHERE within IS NOT NULL",
    "CREATE INDEX outbox_about ON outbox (channel, about, seq) WHERE state = 'waiting'",
)
_DONE_INDEX: Final = (
    "DROP INDEX outbox_attempted",
    "CREATE INDEX outbox_done ON outbox (attempted_at) WHERE state <> 'waiting'",
)
_MOST_MERGED: Final = 100
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


def create_merge_columns(database: Database) -> None:
    """A step of the migrations."""
    for statement in _MERGE_COLUMNS:
        database.execute(statement)


def index_done_messages(database: Database) -> None:
    """A step of the migrations: what is old is found without reading everything."""
    for statement in _DONE_INDEX:
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
    about: str = ""
    """The matter and whom it is told; messages that share it may go as one. Empty: always by itself."""
    due_at: float = 0.0
    """Not to be told before; seconds since 1970 UTC."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is due, with those that it takes along."""

    seq: int
    id: str
    taken_at: float
    """When it was first taken out to be delivered."""
    attempts: int
    """How often it was tried before."""
    contents: Sequence[str]
    """Its own and those of others about the same matter, in the order in which they were made."""


def enqueue(database: Database, message: OutboxMessage) -> bool:
    """Write `message` inside the caller's transaction; False where its channel had it before."""
    done = database.conn.execute(
        "INSERT OR IGNORE INTO outbox (id, channel, made_at, priority, drill, content, about, next_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            message.id,
            message.channel,
            message.made_at,
            message.priority,
            message.drill,
            message.content,
            message.about,
            max(message.made_at, message.due_at),
        ),
    )
    return done.rowcount == 1


class OutboxStore:
    """Questions and marks on the table, each inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._connection = database.conn

    def take(self, channel: str, now: float, number: int, *, merging: bool = False) -> list[Waiting]:
        """Take out what `channel` is to be given now: the gravest first, then the oldest; at most `number` requests."""
        taken: list[Waiting] = []
        seen: set[int] = set()
        rows = self._connection.execute(
            "SELECT seq, id, taken_at, attempts, about FROM outbox WHERE state = 'waiting' AND channel = ?"
            " AND within IS NULL AND next_at <= ? ORDER BY priority, seq",
            (channel, now),
        )
        while len(taken) < number and (row := rows.fetchone()) is not None:
            seq, id, taken_at, attempts, about = row
            if seq in seen:  # went along with one before
                continue
            if taken_at is None:
                taken_at = now
                self._connection.execute("UPDATE outbox SET taken_at = ? WHERE seq = ?", (now, seq))
                if merging and about:
                    seen.update(self._merge(channel, about, seq, now))
            contents = self._connection.execute(
                "SELECT content FROM outbox WHERE seq = ? OR within = ? ORDER BY seq", (seq, seq)
            )
            taken.append(Waiting(seq, id, taken_at, attempts, [content for (content,) in contents]))
        return taken

    def _merge(self, channel: str, about: str, seq: int, now: float) -> list[int]:
        """Let what else waits about the matter, and was never taken out, go along with `seq`."""
        others = self._connection.execute(
            "SELECT seq FROM outbox WHERE state = 'waiting' AND channel = ? AND about = ? AND taken_at IS NULL"
            " AND within IS NULL AND seq <> ? ORDER BY seq LIMIT ?",
            (channel, about, seq, _MOST_MERGED),
        ).fetchall()
        self._connection.executemany(
            "UPDATE outbox SET within = ?, taken_at = ? WHERE seq = ?",
            [(seq, now, other) for (other,) in others],
        )
        return [other for (other,) in others]

    def requests_since(self, channel: str, since: float) -> int:
        """How often `channel` was asked after `since`, by this process or a former one, whatever it was asked."""
        question = "SELECT count(*) FROM outbox_request WHERE channel = ? AND at > ?"
        return int(self._connection.execute(question, (channel, since)).fetchone()[0])

    def delivered(self, seq: int, now: float) -> None:
        """The channel took it."""
        self._asked(seq, now)
        self._connection.execute(
            "UPDATE outbox SET state = 'delivered', attempts = attempts + 1, attempted_at = ?, error = '' "
            "WHERE seq = ? OR within = ?",
            (now, seq, seq),
        )

    def refused(self, seq: int, now: float, error: str, next_at: float | None) -> None:
        """The channel did not take it. It is tried again at `next_at`, or, without one, given up."""
        self._asked(seq, now)
        self._connection.execute(
            "UPDATE outbox SET state = ?, attempts = attempts + 1, attempted_at = ?, error = ?, "
            "next_at = coalesce(?, next_at) WHERE seq = ? OR within = ?",
            ("waiting" if next_at is not None else "failed", now, error, next_at, seq, seq),
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
            "UPDATE outbox SET state = 'waiting', attempts = 0, next_at = ?, taken_at = ? "
            "WHERE state = 'failed' OR (state = 'waiting' AND attempts > 0)",
            (now, now),
        )
        return done.rowcount

    def abandon(self, known: Collection[str], since: float, now: float, error: str) -> dict[str, int]:
        """Give up what has waited since before `since` for channels that are not `known`; how many, by channel."""
        given_up = {}
        for channel, number in self.waiting().items():
            if channel not in known and number:
                done = self._connection.execute(
                    "UPDATE outbox SET state = 'failed', attempted_at = ?, error = ? "
                    "WHERE state = 'waiting' AND channel = ? AND made_at < ?",
                    (now, error, channel, since),
                )
                if done.rowcount:
                    given_up[channel] = done.rowcount
        return given_up

    def curtail(self, most: int, now: float, error: str) -> dict[str, int]:
        """Give up what waits for a channel beyond `most`: the oldest of the least grave; how many, by channel."""
        given_up = {}
        for channel, number in self.waiting().items():
            if number > most:
                self._connection.execute(
                    "UPDATE outbox SET state = 'failed', attempted_at = ?, error = ? WHERE seq IN (SELECT seq FROM outbox"
                    " WHERE state = 'waiting' AND channel = ? AND within IS NULL ORDER BY priority DESC, seq LIMIT ?)",
                    (now, error, channel, number - most),
                )
                self._connection.execute(
                    "UPDATE outbox SET state = 'failed', attempted_at = ?, error = ? WHERE state = 'waiting'"
                    " AND within IN (SELECT seq FROM outbox WHERE state = 'failed')",
                    (now, error),
                )
                given_up[channel] = number - self.waiting().get(channel, 0)
        return given_up

    def forget(self, before: float) -> int:
        """Remove what was delivered or given up before; how many."""
        question = "DELETE FROM outbox WHERE state <> 'waiting' AND attempted_at < ?"
        return self._connection.execute(question, (before,)).rowcount

    def counts(self) -> dict[tuple[str, str], int]:
        """Messages by channel and state."""
        rows = self._connection.execute("SELECT channel, state, count(*) FROM outbox GROUP BY 1, 2")
        return {(channel, state): number for channel, state, number in rows}

    def waiting(self) -> dict[str, int]:
        """Messages that wait, by channel."""
        rows = self._connection.execute(
            "SELECT channel, count(*) FROM outbox WHERE state = 'waiting' GROUP BY channel"
        )
        return dict(rows.fetchall())

    def find(self, asked: str) -> list[dict[str, Any]]:
        """The message of that number in the list, or those of that id or its beginning, with their state."""
        if asked.isascii() and asked.isdigit():
            return self._rows("WHERE seq = ?", (int(asked),))
        return self._rows("WHERE id >= ? AND id < ? ORDER BY seq LIMIT 100", (asked, f"{asked}\U0010ffff"))

    def latest(self, number: int, *, channel: str = "", state: str = "") -> list[dict[str, Any]]:
        """The newest messages with their state, newest first; of one channel or state where that is given."""
        return self._rows(
            "WHERE (? = '' OR channel = ?) AND (? = '' OR state = ?) ORDER BY seq DESC LIMIT ?",
            (channel, channel, state, state, number),
        )

    def _rows(self, which: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        rows = self._connection.execute(
            "SELECT seq, id, channel, made_at, priority, drill, state, attempts, attempted_at, next_at, error, within, "
            f"content FROM outbox {which}",
            values,
        )
        names = [column[0] for column in rows.description]
        return [dict(zip(names, row, strict=True)) for row in rows]
