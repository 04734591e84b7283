"""A database of the store, and alerts to put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sentinel.event import Alert, Level
from sentinel.incident import Grading, Handling, IncidentSettings
from sentinel.store.alert import _insert, _row
from sentinel.store.writer import open_database

NOW = 1_800_000_000.0


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Any]:
    database = open_database(tmp_path / "s.sqlite")
    yield database.conn
    database.conn.close()


@pytest.fixture
def handling(tmp_path: Path) -> Handling:
    return Handling(IncidentSettings(attachments=str(tmp_path / "attachments")), Grading.load())


@pytest.fixture
def put(connection: Any) -> Callable[..., None]:
    """Commit an alert for every mapping of fields that differ from an ordinary one's."""
    number = 0

    class Store:
        conn = connection

    def insert(*many: dict[str, Any]) -> None:
        nonlocal number
        for fields in many:
            number += 1
            usual = {
                "ts": NOW,
                "id": f"a{number}",
                "level": Level.HIGH,
                "title": "扫描",
                "rule_id": "r1",
                "kind": "conn",
                "category": "NASCAN",
                "src": "203.0.113.5",
                "dst": "10.1.0.9",
            }
            _insert(Store, [_row(Alert(**{**usual, **fields}), NOW + 1)])  # type: ignore[arg-type]

    return insert
