"""The one connection that writes: a thread that commits what comes together in one transaction."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from sentinel.store.fault import StoreError, StoreUnavailable
from sentinel.text import Message

if TYPE_CHECKING:  # a fifth of the time to start a replay, which has no database
    from sqlite_utils import Database

__all__ = ["StoreWriter", "examine_database", "open_database", "open_to_look"]

_T = TypeVar("_T")
_QUEUED = 256
"""Pieces of work that may wait; whoever brings more waits until there is room."""
_TOGETHER = 64
"""Pieces of work in one transaction."""
_PATIENCE = 1.0
"""Seconds to wait for another program that holds the database."""

_FAREWELL = 2.0
"""Seconds to wait at the end for a disk that does not answer."""


def open_database(path: Path) -> Database:
    """Open (or make) the database at `path`, in its present form. Raises StoreError.

    synchronous=FULL: a commit is on the disk when it returns, so an alert that was announced survives a power
    cut. Commits are shared by all alerts that wait, so it costs one fsync for many.
    """
    from sqlite_utils import Database

    from sentinel.store.migrations import migrate

    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(Message("store.cannot-open", path=path, reason=_reason(error))) from error
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        database = Database(connection)
        migrate(database)
    except StoreError:
        connection.close()
        raise
    except (OSError, sqlite3.Error) as error:
        connection.close()
        raise StoreUnavailable(Message("store.cannot-open", path=path, reason=_reason(error))) from error
    return database


def examine_database(path: Path) -> None:
    """Look whether the database at `path`, if there is one, can be used. Raises StoreError."""
    if not path.exists():
        return
    connection = open_to_look(path).conn
    try:
        damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise StoreUnavailable(Message("store.cannot-open", path=path, reason=_reason(error))) from error
    finally:
        connection.close()
    if damage != "ok":
        raise StoreError(Message("store.damaged", path=path, reason=damage))


def open_to_look(path: Path) -> Database:
    """Open the database at `path` to read it as it is; it is neither made nor changed. Raises StoreError."""
    from sqlite_utils import Database

    from sentinel.store.migrations import refuse_newer

    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_PATIENCE, isolation_level=None
        )
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(Message("store.cannot-open", path=path, reason=_reason(error))) from error
    database = Database(connection)
    try:
        refuse_newer(database)
    except sqlite3.Error as error:
        connection.close()
        raise StoreUnavailable(Message("store.cannot-open", path=path, reason=_reason(error))) from error
    except StoreError:
        connection.close()
        raise
    return database


def _reason(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


@dataclass(slots=True)
class _Job:
    work: Callable[[Database], Any]
    done: Callable[[Any, BaseException | None], None]


class StoreWriter:
    """Runs work on the database, one transaction at a time. `async with` opens and closes it.

    The database is opened by the first work, and again after it failed: a daemon starts without it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._room = asyncio.Semaphore(_QUEUED)
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._database: Database | None = None

    @property
    def waiting(self) -> int:
        """Pieces of work in the queue."""
        return self._jobs.qsize()

    async def __aenter__(self) -> Self:
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join, _FAREWELL)

    async def run(self, work: Callable[[Database], _T]) -> _T:
        """What `work` returns, once it is committed. Raises StoreUnavailable where nothing was written.

        `work` runs in the writer's thread, perhaps a second time after a failed commit, and may not commit.
        """
        loop = asyncio.get_running_loop()
        async with self._room:
            future: asyncio.Future[_T] = loop.create_future()

            def settle(result: Any, error: BaseException | None) -> None:
                if future.done():
                    return
                if error is None:
                    future.set_result(result)
                else:
                    future.set_exception(error)

            def done(result: Any, error: BaseException | None) -> None:
                loop.call_soon_threadsafe(settle, result, error)

            self._jobs.put(_Job(work, done))
            return await future

    def _run(self) -> None:
        ended = False
        while not ended:
            jobs = [self._jobs.get()]
            while len(jobs) < _TOGETHER and not self._jobs.empty():
                jobs.append(self._jobs.get())
            ended = None in jobs
            self._commit([job for job in jobs if job is not None])
        self._close()

    def _commit(self, jobs: list[_Job]) -> None:
        if not jobs:
            return
        try:
            database = self._opened()
            outcomes = _transaction(database, jobs)
        except StoreError as error:
            outcomes = [(None, error)] * len(jobs)
        except sqlite3.Error as error:
            self._close()
            unavailable = StoreUnavailable(
                Message("store.cannot-write", path=self.path, reason=_reason(error))
            )
            outcomes = [(None, unavailable)] * len(jobs)
        for job, (result, failure) in zip(jobs, outcomes, strict=True):
            try:
                job.done(result, failure)
            except RuntimeError:  # the loop that asked is gone; the work is done all the same
                continue

    def _opened(self) -> Database:
        if self._database is None:
            self._database = open_database(self.path)
        return self._database

    def _close(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            with contextlib.suppress(sqlite3.Error):
                database.conn.close()


def _transaction(database: Database, jobs: list[_Job]) -> list[tuple[Any, BaseException | None]]:
    """Do all jobs in one transaction. One that fails by itself is undone alone; a database error ends all."""
    outcomes: list[tuple[Any, BaseException | None]] = []
    connection = database.conn
    connection.execute("BEGIN IMMEDIATE")
    try:
        for job in jobs:
            connection.execute("SAVEPOINT job")
            try:
                outcomes.append((job.work(database), None))
            except sqlite3.OperationalError:
                raise
            except Exception as error:  # the asker's own mistake goes back to the asker
                connection.execute("ROLLBACK TO job")
                outcomes.append((None, error))
            connection.execute("RELEASE job")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes
