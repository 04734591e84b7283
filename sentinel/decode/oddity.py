"""Something strange that decoding met, later a `weird` event."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Oddity"]


@dataclass(frozen=True, slots=True)
class Oddity:
    """One strange thing about packets between two addresses. `name` is Zeek's where Zeek has one."""

    name: str
    ts: int
    """Nanoseconds since 1970 UTC, of the packet that showed it."""
    src_hi: int
    src_lo: int
    dst_hi: int
    dst_lo: int
    """Addresses as in `PACKET`."""
    detail: str = ""
