"""`postgresql`: one exchange with a PostgreSQL server (Zeek's postgresql.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Postgresql"]


class Postgresql(FlowEvent, kw_only=True):
    """A log-in, a query, or an end."""

    kind: ClassVar[str] = "postgresql"

    user: str | None = None
    database: str | None = None
    application_name: str | None = None
    frontend: str | None = None
    """`ssl_request`, `startup`, `simple_query`, `terminate`; ours: `parse` (a prepared statement's text), `cancel`."""
    frontend_arg: str | None = None
    """The query."""
    backend: str | None = None
    """`ssl_reply`, `auth_request`, `auth_ok`, `error`; several are joined by commas."""
    backend_arg: str | None = None
    """Kind of authentication; the fields of an error (`SeverityLocalized=FATAL,Code=28P01,Message=…`)."""
    success: bool | None = None
    rows: int | None = None
