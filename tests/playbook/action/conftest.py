"""A real database for actions that act in it, and one way to have them act."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from sqlite_utils import Database

from sentinel.ledger import Asset, LedgerStore
from sentinel.ledger.intake import Plan
from sentinel.playbook.action import Act, Call
from sentinel.store.session import in_transaction
from sentinel.store.writer import open_database

Perform: TypeAlias = Callable[..., Awaitable[Mapping[str, Any]]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.sqlite"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    database = open_database(path)
    yield database
    database.close()


@pytest.fixture
def register(path: Path, database: Database) -> Callable[..., None]:
    """Registers assets."""

    def add(*assets: Asset) -> None:
        in_transaction(path, lambda db: LedgerStore(db.conn).apply(Plan(adds=[*assets]), actor="甲", ts=1.0))

    return add


@pytest.fixture
def perform(path: Path, database: Database) -> Perform:
    """Has an action act, and what it does in the database committed; the values that it gives."""

    async def perform(
        act: Act, arguments: Mapping[str, Any], *, ts: float = 1000.0, **more: Any
    ) -> Mapping[str, Any]:
        result = await act.perform(Call("r", "k", "p", arguments, ts=ts, **more))
        if result.commit is None:
            return result.values
        commit = result.commit
        return {**result.values, **in_transaction(path, commit)}

    return perform
