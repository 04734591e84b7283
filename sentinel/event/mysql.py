"""`mysql`: one command to a MySQL or MariaDB server, a log-in first (Zeek's mysql.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Mysql"]


class Mysql(FlowEvent, kw_only=True):
    """One command and what the server said to it."""

    kind: ClassVar[str] = "mysql"

    cmd: str
    """`login`, `query`, `init_db`, `quit` …; ours: `connect` where the server refuses to talk at all."""
    arg: str
    """The user of a log-in, the text of a query, the database of `init_db` …"""
    success: bool | None = None
    rows: int | None = None
    """Rows affected, as the server says; 0 for results."""
    response: str | None = None
    """The server's error message."""
