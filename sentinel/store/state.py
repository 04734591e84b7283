"""What the daemon has learnt and must not lose in a restart, as bytes under a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlite_utils import Database

from sentinel.store.writer import StoreWriter

__all__ = ["StateStore"]

Part = tuple[str, bytes]
"""What the bytes are about (their reader knows by it whether they are of use) and the bytes."""


class StateStore:
    """State in a `StoreWriter`'s database. All raise StoreError."""

    def __init__(self, writer: StoreWriter) -> None:
        self._writer = writer

    async def save(self, parts: Mapping[str, Sequence[Part]]) -> None:
        """Put new parts in the place of all former ones, for each name; other names keep theirs."""
        rows = [
            (name, number, signature, data)
            for name, of_name in parts.items()
            for number, (signature, data) in enumerate(of_name)
        ]

        def write(database: Database) -> None:
            for name in parts:
                database.execute("DELETE FROM state WHERE name = ?", (name,))
            database.conn.executemany(
                "INSERT INTO state (name, part, signature, data) VALUES (?, ?, ?, ?)", rows
            )

        if parts:
            await self._writer.run(write)

    async def load(self) -> list[tuple[str, str, bytes]]:
        """Name, signature and bytes of every part, in the order in which each name's were saved."""
        query = "SELECT name, signature, data FROM state ORDER BY name, part"
        return await self._writer.run(lambda database: database.conn.execute(query).fetchall())
