"""The Event: the one thing that flows after the protocols.

Kinds and field names are Zeek's (`conn`, `dns`, `http`, …), so public Sigma rules, Zeek-aware tools and
Zeek's published baselines all fit. Attribute names are Python's; the wire name (`id.orig_h`) is the
field's `name`. A field that is absent is None and is left out when written.
"""

from __future__ import annotations

import functools
from typing import Any, ClassVar

import msgspec

__all__ = ["KINDS", "Event", "FlowEvent", "field_attributes"]

KINDS: dict[str, type[Event]] = {}
"""Every kind of event by its name; filled as the kinds' modules are imported."""


class Event(msgspec.Struct, omit_defaults=True, kw_only=True, gc=False):
    """What happened at one moment. Subclass it once for each kind, in a module of that kind's name."""

    kind: ClassVar[str] = ""
    """Name of the kind: the log file's stem (`dns` → `dns.log`)."""

    unwritten: ClassVar[frozenset[str]] = frozenset()
    """Attributes for rules only: never written to a file. Each must have a default."""

    ts: float
    """When it happened: capture time, seconds since 1970 UTC."""
    zone: str | None = None
    """Name of the network (VPN, VLAN) in which its addresses are unique; absent where none is declared."""

    def __init_subclass__(cls, **config: Any) -> None:
        super().__init_subclass__(**config)
        if cls.__dict__.get("kind"):
            KINDS[cls.kind] = cls


class FlowEvent(Event, kw_only=True):
    """An event of one flow, with Zeek's `uid` and `id` record."""

    uid: str
    """Zeek-style unique id of the flow: `C` and 17 base-62 digits."""
    orig_h: str = msgspec.field(name="id.orig_h")
    """Originator's address, as text."""
    orig_p: int = msgspec.field(name="id.orig_p")
    """Originator's port; the ICMP type for ICMP."""
    resp_h: str = msgspec.field(name="id.resp_h")
    """Responder's address, as text."""
    resp_p: int = msgspec.field(name="id.resp_p")
    """Responder's port; the ICMP code for ICMP."""


@functools.cache
def field_attributes(kind: type[Event]) -> dict[str, str]:
    """Map each wire name of `kind` (`id.orig_h`) to its attribute (`orig_h`)."""
    return {field.encode_name: field.name for field in msgspec.structs.fields(kind)}
