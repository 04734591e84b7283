"""Where the sources of logs stopped reading, so that a restart goes on there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from sentinel.store.writer import StoreWriter

__all__ = ["PositionStore"]

Positions = dict[tuple[str, str], dict[str, Any]]
"""By source and stream."""
_MOST = 20_000
"""Positions kept; the oldest go first."""


class PositionStore:
    """Positions in the database."""

    def __init__(self, writer: StoreWriter) -> None:
        self._writer = writer

    async def load(self) -> Positions:
        """All that were kept. Raises StoreError."""
        return await self._writer.run(_load)

    async def keep(self, positions: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
        """Keep these, in the place of earlier ones of the same streams. Raises StoreError."""
        rows = [
            {"source": source, "stream": stream, "position": json.dumps(position)}
            for (source, stream), position in positions.items()
        ]
        await self._writer.run(lambda database: _keep(database, rows))


def _load(database: Database) -> Positions:
    return {
        (row["source"], row["stream"]): json.loads(row["position"])
        for row in database.table("intake_position").rows
    }


def _keep(database: Database, rows: list[dict[str, str]]) -> None:
    table = database.table("intake_position")
    table.upsert_all(rows, pk=("source", "stream"))
    if table.count > _MOST:
        table.delete_where(
            "rowid not in (select rowid from intake_position order by rowid desc limit ?)", [_MOST]
        )
