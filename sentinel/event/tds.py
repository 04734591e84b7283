"""`tds`: one command to a Microsoft SQL Server, a log-in first (our own kind, in the manner of `mysql`)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Tds"]


class Tds(FlowEvent, kw_only=True):
    """One command and what the server said to it."""

    kind: ClassVar[str] = "tds"

    cmd: str
    """`login`, `sql_batch`, `rpc`."""
    arg: str | None = None
    """The user of a log-in (absent where it was encrypted), the text of a batch, the name of a procedure."""
    database: str | None = None
    client_host: str | None = None
    """What the client calls its machine."""
    application: str | None = None
    success: bool | None = None
    response: str | None = None
    """The server's error: `18456: Login failed for user 'sa'.`"""
