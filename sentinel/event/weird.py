"""`weird`: traffic that breaks a protocol's rules (Zeek's weird.log)."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from sentinel.event.event import Event

__all__ = ["Weird"]


class Weird(Event, kw_only=True):
    """One oddity, named as Zeek names it where Zeek has a name for it."""

    kind: ClassVar[str] = "weird"

    name: str
    uid: str | None = None
    orig_h: str | None = msgspec.field(name="id.orig_h", default=None)
    orig_p: int | None = msgspec.field(name="id.orig_p", default=None)
    resp_h: str | None = msgspec.field(name="id.resp_h", default=None)
    resp_p: int | None = msgspec.field(name="id.resp_p", default=None)
    addl: str | None = None
    """More about it: the figures or bytes that differ."""
    source: str | None = None
    """Which part noticed: `IP`, `TCP`, `DNS` …"""
