"""What the network showed of devices, in the order in which it was found: new ones, differences that begin or end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from sentinel.event import Ledger as LedgerEvent
from sentinel.ledger.told import News

__all__ = ["Finding", "Findings"]

_KEPT: Final = 500_000
"""Findings that are kept: who reads them and stays further behind loses the oldest."""
_NEW: Final = (
    "INSERT INTO asset_finding (ts, document) SELECT :first, :document WHERE NOT EXISTS"
    " (SELECT 1 FROM device WHERE zone = :zone AND address = :address AND lasting)"
)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class Finding:
    """One of them."""

    position: int
    """1, 2, 3 …"""
    ts: float
    """When it was first seen, began or ended; seconds since 1970 UTC."""
    content: Mapping[str, Any]
    """`action` (`seen`, `begun`, `ended`), `zone`, `address`; of a difference its event's fields, without persons."""


class Findings:
    """Inside the caller's transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def devices(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Rows of devices about to be written: new are those that last and were not known as such.

        What shows up once proves little: under forged addresses nothing is told.
        """
        new = [
            {"first": first, "zone": zone, "address": address, "document": _encode(
                {"action": "seen", "zone": zone, "address": address, "first_seen": first}
            ).decode()}
            for zone, address, first, _, lasting, _ in rows
            if lasting
        ]  # fmt: skip
        self._connection.executemany(_NEW, new)
        self._curtail()

    def differences(self, news: News) -> None:
        """What began and what ended."""
        rows = [(event.ts, _written(event)) for event in (*news.begun.values(), *news.ended.values())]
        self._connection.executemany("INSERT INTO asset_finding (ts, document) VALUES (?, ?)", rows)
        self._curtail()

    def after(self, position: int, limit: int) -> list[Finding]:
        """So many at most that come after `position`."""
        query = "SELECT id, ts, document FROM asset_finding WHERE id > ? ORDER BY id LIMIT ?"
        rows = self._connection.execute(query, (position, limit))
        return [Finding(id, ts, _decode(document)) for id, ts, document in rows]

    def first(self) -> int:
        """Position of the oldest that is kept; 0 where there is none."""
        return int(self._connection.execute("SELECT coalesce(min(id), 0) FROM asset_finding").fetchone()[0])

    def last(self) -> int:
        """Position of the newest; 0 where there is none."""
        return int(self._connection.execute("SELECT coalesce(max(id), 0) FROM asset_finding").fetchone()[0])

    def _curtail(self) -> None:
        self._connection.execute("DELETE FROM asset_finding WHERE id <= ?", (self.last() - _KEPT,))


def _written(event: LedgerEvent) -> str:
    fields: dict[str, Any] = msgspec.to_builtins(event)
    fields = {name: value for name, value in fields.items() if name not in ("ts", "responsible")}
    content = {"action": fields.pop("state"), "address": fields.pop("host"), "zone": fields.pop("zone", "")}
    return _encode(content | fields).decode()
