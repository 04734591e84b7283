"""`redis`: one command and its reply (Zeek's redis.log)."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from sentinel.event.event import FlowEvent

__all__ = ["Redis"]


class Redis(FlowEvent, kw_only=True):
    """One command to a Redis server."""

    kind: ClassVar[str] = "redis"

    cmd_name: str = msgspec.field(name="cmd.name")
    """As sent: `SET`, `config` …"""
    cmd_key: str | None = msgspec.field(name="cmd.key", default=None)
    cmd_value: str | None = msgspec.field(name="cmd.value", default=None)
    cmd_args: str | None = msgspec.field(name="cmd.args", default=None)
    """Ours: all arguments, separated by spaces; passwords hidden."""
    success: bool | None = None
    """False where the server answered with an error; absent without an answer."""
    reply_value: str | None = msgspec.field(name="reply.value", default=None)
    """Arrays as `[a, b]`, maps as `{a: b}`."""
