"""The alert that a rule makes of an event: who, whom, and what the rule saw."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from sentinel.event import Alert, Event, field_attributes
from sentinel.rule.condition import leaves
from sentinel.rule.logsource import COMPUTED, wire_name
from sentinel.rule.rule import Rule

__all__ = ["alert_of"]

_LONGEST = 512
"""Characters of one field that are kept as evidence."""
_MOST_ITEMS = 32
_CONTEXT = {
    "http": ("method", "host", "uri", "status_code"),
    "dns": ("query",),
    "ssl": ("server_name",),
    "smtp": ("mailfrom", "rcptto"),
    "weird": ("addl",),
    "notice": ("note", "msg", "sub", "figures"),
}
"""Fields that a person asks for next, shown whether or not the rule looked at them."""


def alert_of(
    rule: Rule, event: Event, *, once_per: str | None = None, evidence: bytes | None = None
) -> Alert:
    """`once_per` replaces the event in the alert's id; `evidence` replaces the whole `payload`."""
    fields = _fields(rule, event)
    if evidence is not None:
        fields["payload"] = _shown(evidence)
    src, dst = _first(event, "orig_h", "src"), _first(event, "resp_h", "dst")
    uid = getattr(event, "uid", None)
    identity = (
        once_per or f"{event.kind}|{event.ts!r}|{uid}|{src}|{dst}|{msgspec.json.encode(fields).decode()}"
    )
    return Alert(
        ts=event.ts,
        id=hashlib.sha1(f"{rule.id}|{identity}".encode(), usedforsecurity=False).hexdigest()[:16],
        level=rule.level,
        title=rule.title,
        title_en=rule.title_en,
        rule_id=rule.id,
        tags=list(rule.tags),
        category=rule.category,
        description=rule.description,
        respond=rule.respond,
        kind=event.kind,
        uid=uid,
        src=src,
        src_port=getattr(event, "orig_p", None),
        dst=dst,
        dst_port=_first(event, "resp_p", "p"),
        zone=getattr(event, "zone", None),
        fields=fields,
    )


def _first(event: Event, *names: str) -> Any:
    """The first of these attributes that has a value."""
    return next((value for name in names if (value := getattr(event, name, None)) is not None), None)


def _fields(rule: Rule, event: Event) -> dict[str, Any]:
    attributes = field_attributes(type(event))
    computed = COMPUTED.get(event.kind, {})
    shown: dict[str, Any] = {}
    asked = [
        wire_name(rule.logsource, leaf.field) for leaf in leaves(rule.condition) if leaf.field is not None
    ]
    for name in (*asked, *_CONTEXT.get(event.kind, ())):
        if name in shown:
            continue
        if name in attributes:
            value = getattr(event, attributes[name])
        elif name in computed:
            value = computed[name](event)
        else:
            continue
        if value is not None:
            shown[name] = _shown(value)
    return shown


def _shown(value: Any) -> Any:
    if isinstance(value, bytes):
        return value[:_LONGEST].decode("utf-8", "backslashreplace").replace("\0", "\\x00")[:_LONGEST]
    if isinstance(value, str):
        return value[:_LONGEST].encode("utf-8", "backslashreplace").decode()[:_LONGEST]
    if isinstance(value, (list, tuple)):
        return [_shown(item) for item in value[:_MOST_ITEMS]]
    if isinstance(value, dict):
        return {str(name)[:_LONGEST]: _shown(item) for name, item in list(value.items())[:_MOST_ITEMS]}
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str(value)[:_LONGEST]
