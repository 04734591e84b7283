"""The alert of a correlation: how many, since when, who and whom, and some of the events that made it."""

from __future__ import annotations

import hashlib
import ipaddress
from typing import Any

from sentinel.event import Alert
from sentinel.rule.correlation.correlation import SECOND
from sentinel.rule.correlation.tracker import Firing
from sentinel.rule.correlation.window import SAMPLE

__all__ = ["alert_of"]

_SOURCE_FIELDS = frozenset({"id.orig_h", "src_ip", "SourceIp", "c-ip", "src", "IpAddress"})
_TARGET_FIELDS = frozenset({"id.resp_h", "dst_ip", "DestinationIp", "s-ip", "dst"})


def alert_of(firing: Firing) -> Alert:
    """An alert at the moment of the event that completed the window.

    Source and target are named where they are the same for all events of the window; several are listed
    in the fields.
    """
    correlation, match, window = firing.correlation, firing.match, firing.window
    group = dict(zip(correlation.group_by, firing.group, strict=True))
    fields: dict[str, Any] = {
        "correlation": correlation.type.value,
        "count": firing.count,
        "value": round(firing.value, 6),
        "timespan": correlation.timespan / SECOND,
        "first_ts": firing.begun / SECOND,
        "last_ts": firing.end / SECOND,
    }
    fields |= group
    if window.uids:
        fields["uids"] = window.uids[-SAMPLE:]
    if len(window.sources) > 1:
        fields["sources"] = list(window.sources)
    if len(window.targets) > 1:
        fields["targets"] = list(window.targets)
    src = _one(window.sources) or _address(group, _SOURCE_FIELDS)
    dst = _one(window.targets) or _address(group, _TARGET_FIELDS)
    identity = f"{correlation.id}|{firing.end}|{'|'.join(firing.group)}"
    return Alert(
        ts=firing.end / SECOND,
        id=hashlib.sha1(identity.encode(), usedforsecurity=False).hexdigest()[:16],
        level=correlation.level,
        title=correlation.title,
        title_en=correlation.title_en,
        rule_id=correlation.id,
        tags=list(correlation.tags),
        category=correlation.category,
        description=correlation.told_description,
        respond=correlation.told_respond,
        kind=match.kind,
        uid=match.uid,
        src=src,
        src_port=match.src_port if src is not None and src == match.src and firing.count == 1 else None,
        dst=dst,
        dst_port=match.dst_port if dst is not None and dst == match.dst else None,
        zone=match.zone,
        fields=fields,
    )


def _one(addresses: tuple[str, ...]) -> str | None:
    return addresses[0] if len(addresses) == 1 else None


def _address(group: dict[str, str], names: frozenset[str]) -> str | None:
    """The address that the group is about, where it is one."""
    for name in names & group.keys():
        try:
            ipaddress.ip_address(group[name])
        except ValueError:
            continue
        return group[name]
    return None
