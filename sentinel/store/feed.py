"""How far feeds have published what grows in the database: a number a feed and log, moved after the acknowledgement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["FeedStore", "create_feed_table"]

_TABLE: Final = (
    "CREATE TABLE feed_position (feed TEXT NOT NULL, log TEXT NOT NULL, position INTEGER NOT NULL,"
    " PRIMARY KEY (feed, log)) WITHOUT ROWID"
)


def create_feed_table(database: Database) -> None:
    """A step of the migrations."""
    database.execute(_TABLE)


class FeedStore:
    """Inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._connection = database.conn

    def begin(self, feed: str, ends: Mapping[str, int]) -> dict[str, int]:
        """Where `feed` goes on, by log; with a log that is new to it at that log's present end."""
        self._connection.executemany(
            "INSERT OR IGNORE INTO feed_position VALUES (?, ?, ?)",
            [(feed, log, end) for log, end in ends.items()],
        )
        rows = self._connection.execute("SELECT log, position FROM feed_position WHERE feed = ?", (feed,))
        return {log: position for log, position in rows if log in ends}

    def move(self, feed: str, log: str, position: int) -> None:
        """Everything up to `position` is published."""
        self._connection.execute(
            "UPDATE feed_position SET position = ? WHERE feed = ? AND log = ?", (position, feed, log)
        )
