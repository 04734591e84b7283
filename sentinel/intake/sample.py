"""The samples beside each format: what became of a line, compared with what its author expects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from sentinel.event import Auth, Event, Log
from sentinel.intake.catalogue import Catalogue
from sentinel.intake.declaration import Declaration, Sample
from sentinel.intake.reader import LineReader
from sentinel.intake.record import Origin

__all__ = ["differences"]

_REFERENCE = 1735689600.0
"""2025-01-01: samples without a year are of 2024."""


def differences(catalogue: Catalogue, declaration: Declaration, sample: Sample) -> Iterator[str]:
    """What is not as the sample says; nothing where all is."""
    reader = LineReader(catalogue, Origin("sample", zone=ZoneInfo("Asia/Shanghai"), reference=_REFERENCE))
    events: list[Event] = []
    for line in sample.line.splitlines():
        header = f"<38>May  1 08:00:00 host1 {sample.program}[1]: " if sample.program else ""
        events += reader.events(header + line)
    found = set(reader.formats) - {"header"}
    if found != {declaration.name}:
        yield f"found to be of {', '.join(sorted(found)) or 'no format'}"
    yield from _compared(events, sample)


def _compared(events: list[Event], sample: Sample) -> Iterator[str]:
    log = next((event for event in events if isinstance(event, Log)), None)
    auth = next((event for event in events if isinstance(event, Auth)), None)
    typed = next((event for event in events if not isinstance(event, (Log, Auth))), None)
    first = typed or log
    if first is None:
        yield "no event"
        return
    if sample.ts is not None and abs(first.ts - sample.ts) > 0.001:
        yield f"ts is {first.ts!r}"
    if sample.host is not None and (log is None or log.host != sample.host) and typed is None:
        yield f"host is {None if log is None else log.host!r}"
    if sample.fields is not None:
        yield from _wanted("field", sample.fields, {} if log is None else log.fields)
    if sample.logsource is not None:
        told = None if log is None else (log.product, log.category, log.service)
        wanted = sample.logsource
        if told != (wanted.product, wanted.category, wanted.service):
            yield f"logsource is {told}"
    if sample.event is not None:
        yield from _wanted("event", sample.event, {} if typed is None else _by_wire_name(typed))
    if sample.auth is not None:
        if not sample.auth and auth is not None:
            yield "an auth event came"
        yield from _wanted("auth", sample.auth, {} if auth is None else _by_wire_name(auth))


def _by_wire_name(event: Event) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(event)
    return {"kind": event.kind, "success": getattr(event, "success", None), **values}


def _wanted(what: str, wanted: dict[str, Any], told: dict[str, Any]) -> Iterator[str]:
    for name, value in wanted.items():
        if told.get(name) != value:
            yield f"{what} {name} is {told.get(name)!r}, not {value!r}"
