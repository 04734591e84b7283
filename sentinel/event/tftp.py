"""`tftp`: a file asked for or offered (our own kind)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Tftp"]


class Tftp(FlowEvent, kw_only=True):
    """One request; the file itself goes over ports of its own."""

    kind: ClassVar[str] = "tftp"

    wrq: bool
    """The client sends the file."""
    fname: str
    mode: str
    """`octet`, `netascii`, `mail`."""
