"""The Match: one event that rules of a correlation matched, with only what correlations ask of it."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["Match", "plain"]

_LONGEST = 512
"""Characters of one value; two that agree so far are one value to a correlation."""

_MOST_ITEMS = 256
"""Items of one list."""


class Match(msgspec.Struct, omit_defaults=True, kw_only=True, gc=False):
    """Crosses from the worker that saw the event to the one correlator that sees all."""

    ts: float
    """Event time, seconds since 1970 UTC."""
    kind: str = ""
    hits: dict[str, dict[str, Any]]
    """For each rule that matched, the fields asked of it, by the rule's own names of them; absent ones left out."""
    uid: str | None = None
    src: str | None = None
    src_port: int | None = None
    dst: str | None = None
    dst_port: int | None = None
    zone: str | None = None


def plain(value: Any) -> Any:
    """A field's value as a match carries it: a short text, a number, or a list of these."""
    if isinstance(value, str):
        return value[:_LONGEST]
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, bytes):
        return value[:_LONGEST].decode("utf-8", "backslashreplace")
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value[:_MOST_ITEMS]]
    return str(value)[:_LONGEST]
