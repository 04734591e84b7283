"""The keys by which alerts find open incidents: bounded overall, whoever forgets to close incidents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["Keys"]

_AFTERWARDS: Final = 0.9
"""Share of the limit that is kept when it was passed: making room costs a look at all keys."""


class Keys:
    """Writes keys and makes room among them, inside the caller's transactions."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._number: int | None = None
        """Never less than there are: what others delete, or a transaction took back, is not counted down."""

    def write(self, connection: Any, incident: int, keys: Mapping[str, float]) -> None:
        """Let `keys` (with the time of their alert) lead to `incident` from now on."""
        connection.executemany(
            "INSERT INTO incident_key (key, incident, last_ts) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE"
            " SET incident = excluded.incident, last_ts = max(last_ts, excluded.last_ts)",
            [(key, incident, ts) for key, ts in keys.items()],
        )
        if self._number is not None:
            self._number += len(keys)

    def make_room(self, connection: Any) -> int:
        """Give up the keys of incidents without an alert for longest, where there are too many; how many keys went.

        The incident with the latest alert keeps its own: it has at most three for each finding it lists.
        """
        if self._number is None:
            self._number = connection.execute("SELECT count(*) FROM incident_key").fetchone()[0]
        if self._number <= self._most:
            return 0
        held = connection.execute(
            "SELECT k.incident, count(*) FROM incident_key k JOIN incident i ON i.id = k.incident"
            " GROUP BY k.incident ORDER BY i.last_ts, i.id"
        ).fetchall()
        there = sum(number for _, number in held)
        if there <= self._most:
            self._number = there
            return 0
        self._number = None  # were this transaction taken back, a number would be too low
        gone = 0
        for incident, number in held[:-1]:
            if there - gone <= _AFTERWARDS * self._most:
                break
            connection.execute("DELETE FROM incident_key WHERE incident = ?", (incident,))
            gone += number
        return gone
