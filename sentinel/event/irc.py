"""`irc`: what a client says of itself to an IRC server (Zeek's irc.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Irc"]


class Irc(FlowEvent, kw_only=True):
    """NICK, USER, JOIN, and files offered directly (DCC SEND)."""

    kind: ClassVar[str] = "irc"

    nick: str | None = None
    user: str | None = None
    command: str
    value: str | None = None
    """The nick, the user, the channel, to whom a file is offered."""
    addl: str | None = None
    dcc_file_name: str | None = None
    dcc_file_size: int | None = None
