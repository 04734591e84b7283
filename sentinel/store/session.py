"""The database for a command, beside the daemon or without it: a short transaction, or a quiet look."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sentinel.store.fault import StoreUnavailable
from sentinel.store.writer import open_database, open_to_look
from sentinel.text import Message

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["in_transaction", "looking", "reading"]

_T = TypeVar("_T")
_PATIENCE = 10_000
"""Milliseconds to wait for the daemon's own transaction."""


def reading(path: Path, work: Callable[[Database], _T]) -> _T:
    """What `work` finds in the database as it stands at one moment; it holds up no writer. Raises StoreError."""
    return _session(path, "BEGIN DEFERRED", work)


def in_transaction(path: Path, work: Callable[[Database], _T]) -> _T:
    """What `work` returns, once it is committed; nothing of it is kept where it raises. Raises StoreError."""
    return _session(path, "BEGIN IMMEDIATE", work)


def looking(path: Path, work: Callable[[Database], _T]) -> _T:
    """The same for whoever may only read: no database is made or changed. Raises StoreError."""
    return _session(path, "BEGIN DEFERRED", work, open_to_look)


def _session(
    path: Path,
    begin: str,
    work: Callable[[Database], _T],
    open_it: Callable[[Path], Database] = open_database,
) -> _T:
    database = open_it(path)
    connection = database.conn
    try:
        connection.execute(f"PRAGMA busy_timeout={_PATIENCE}")
        connection.execute(begin)
        result = work(database)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise StoreUnavailable(Message("store.cannot-write", path=path, reason=error)) from error
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.close()
    return result
