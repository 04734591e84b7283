"""`notice`: what a detector concluded from many events (Zeek's notice.log, with the figures it rests on)."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from sentinel.event.event import Event

__all__ = ["Notice"]


class Notice(Event, kw_only=True):
    """One conclusion. Rules grade it: by itself it alarms nobody."""

    kind: ClassVar[str] = "notice"

    note: str
    """What sort, in Zeek's manner: `Scan::Port_Scan`, `SSH::Password_Guessing` …"""
    msg: str
    """What happened, in the language of the configuration."""
    sub: str | None = None
    """What it was about: a domain, a user, a list of ports …"""
    uid: str | None = None
    """Flow of the event that completed it."""
    orig_h: str | None = msgspec.field(name="id.orig_h", default=None)
    orig_p: int | None = msgspec.field(name="id.orig_p", default=None)
    resp_h: str | None = msgspec.field(name="id.resp_h", default=None)
    resp_p: int | None = msgspec.field(name="id.resp_p", default=None)
    proto: str | None = None
    src: str | None = None
    """Who did it."""
    dst: str | None = None
    """To whom, where it is one host."""
    p: int | None = None
    """Port it was about, where it is one."""
    n: int | None = None
    """How many, of what `note` counts."""
    peer_descr: str | None = None
    """Who noticed, where events come from several places."""
    actions: list[str] = []
    """What was done about it by the one who noticed (Zeek's `Notice::ACTION_LOG` …)."""
    suppress_for: float | None = None
    """Seconds in which the same is not told again."""
    local_src: bool | None = None
    """Is `src` one of our own addresses?"""
    local_dst: bool | None = None
    figures: dict[str, Any] = {}
    """The numbers that explain it, each beside its threshold. Rules may ask for them as `figures.<name>`."""
