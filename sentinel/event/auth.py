"""`auth`: one attempt to log in, as the asked service's own log or its traffic tells it (our own kind)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import Event

__all__ = ["Auth"]


class Auth(Event, kw_only=True):
    """Written beside the log record that tells of it, so that one detector serves logs and traffic alike."""

    kind: ClassVar[str] = "auth"

    source: str
    """Name of the configured source, or of the file that was replayed; `traffic` where it was seen on the wire."""
    uid: str | None = None
    """Of the flow, where it was seen on the wire."""
    host: str | None = None
    """Where someone tried to log in: the name or address of the machine."""
    service: str
    """What was asked to let in: `ssh`, `ftp`, `mysql`, `windows`, `sudo`, `imap` …"""
    user: str | None = None
    """As tried: it need not exist."""
    src: str | None = None
    """Address, else name, of who tried; absent for attempts on the machine itself."""
    src_port: int | None = None
    success: bool
    method: str | None = None
    """`password`, `publickey`, `NTLM`, `Kerberos` …; for Windows also the kind of logon: `NTLM network`."""
    message: str | None = None
    """What the service said: `invalid user`, `0xC000006A` …"""
