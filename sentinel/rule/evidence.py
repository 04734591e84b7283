"""The alert that a rule makes of an event: who, whom, and what the rule saw."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from sentinel.event import Alert, Event, Log, field_attributes
from sentinel.rule.condition import leaves
from sentinel.rule.logsource import COMPUTED
from sentinel.rule.personal import masked
from sentinel.rule.rule import Rule
from sentinel.rule.view import View

__all__ = ["alert_of", "first_of"]

_LONGEST = 512
"""Characters of one field that are kept as evidence, with numbers of people made unreadable."""
_MOST_ITEMS = 32
_CONTEXT = {
    "http": ("method", "host", "uri", "status_code"),
    "dns": ("query",),
    "ssl": ("server_name",),
    "smtp": ("mailfrom", "rcptto"),
    "weird": ("addl",),
    "log": ("host", "source", "EventID", "message"),
    "sensor": ("source", "place", "reading", "value", "state", "unit", "time"),
    "ledger": (
        "difference",
        "about",
        "registered",
        "seen",
        "name",
        "mac",
        "asset",
        "department",
        "responsible",
    ),
    "notice": ("note", "msg", "sub", "figures"),
}
"""Fields that a person asks for next, shown whether or not the rule looked at them."""
_OF_LOG = frozenset({"host", "source"})
"""What a record has besides its fields."""


def alert_of(
    rule: Rule,
    event: Event,
    *,
    views: Sequence[View] = (),
    once_per: str | None = None,
    evidence: bytes | None = None,
) -> Alert:
    """`views` are those in which the rule may have seen the event; by default fields are as the rule names them.

    `once_per` replaces the event in the alert's id; `evidence` replaces the whole `payload`.
    """
    fields = _fields(rule, event, views)
    if evidence is not None:
        fields["payload"] = _shown(evidence)
    src, dst = first_of(event, "orig_h", "src"), first_of(event, "resp_h", "dst")
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
        description=rule.told_description,
        respond=rule.told_respond,
        kind=event.kind,
        uid=uid,
        src=src,
        src_port=getattr(event, "orig_p", None),
        dst=dst,
        dst_port=first_of(event, "resp_p", "p"),
        zone=event.zone,
        fields=fields,
    )


def first_of(event: Event, *names: str) -> Any:
    """The first of these attributes that has a value."""
    return next((value for name in names if (value := getattr(event, name, None)) is not None), None)


def _fields(rule: Rule, event: Event, views: Sequence[View]) -> dict[str, Any]:
    read = _read_log if isinstance(event, Log) else _read
    fields = _fields_of(rule)
    asked = [view.name(field) for view in views for field in fields] if views else fields
    shown: dict[str, Any] = {}
    for name in (*asked, *_CONTEXT.get(event.kind, ())):
        if name not in shown and (value := read(event, name)) is not None:
            shown[name] = _shown(value)
    return shown


@functools.lru_cache(4096)
def _fields_of(rule: Rule) -> tuple[str, ...]:
    """The fields that a rule asks for, each once."""
    return tuple(dict.fromkeys(leaf.field for leaf in leaves(rule.condition) if leaf.field is not None))


def _read(event: Event, name: str) -> Any:
    attribute = field_attributes(type(event)).get(name)
    if attribute is not None:
        return getattr(event, attribute)
    compute = COMPUTED.get(event.kind, {}).get(name)
    return None if compute is None else compute(event)


def _read_log(event: Event, name: str) -> Any:
    assert isinstance(event, Log)
    value = event.field(name)
    return value if value is not None or name not in _OF_LOG else getattr(event, name)


def _shown(value: Any) -> Any:
    if isinstance(value, bytes):
        text = value[:_LONGEST].decode("utf-8", "backslashreplace").replace("\0", "\\x00")
        return masked(text)[:_LONGEST]
    if isinstance(value, str):
        return masked(value[:_LONGEST].encode("utf-8", "backslashreplace").decode())[:_LONGEST]
    if isinstance(value, (list, tuple)):
        return [_shown(item) for item in value[:_MOST_ITEMS]]
    if isinstance(value, dict):
        return {str(name)[:_LONGEST]: _shown(item) for name, item in list(value.items())[:_MOST_ITEMS]}
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str(value)[:_LONGEST]
