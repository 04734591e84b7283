"""Events and alerts as JSON lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sentinel.event.alert import Alert
from sentinel.event.event import Event

__all__ = ["EventEncoder"]

_UNWRITTEN_KINDS = frozenset({"payload"})


class EventEncoder:
    """Turns events into lines, grouped by kind; it keeps only counters."""

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()
        self._defaults: dict[type[Event], tuple[tuple[str, Any], ...]] = {}
        self.counts: dict[str, int] = {}
        """Events encoded so far, by kind."""
        self.unencodable = 0
        """Events left out since JSON cannot hold them (text that is no Unicode)."""

    def encode(self, events: Sequence[Event]) -> dict[str, bytes]:
        """Lines by kind, in the order of `events` within a kind; kinds in the order they first appear."""
        groups: dict[type[Event], list[Event]] = {}
        for event in events:
            cls = event.__class__
            if cls in groups:
                groups[cls].append(event)
            else:
                groups[cls] = [event]
        lines: dict[str, bytes] = {}
        for cls, group in groups.items():
            if cls.kind not in _UNWRITTEN_KINDS:
                self.counts[cls.kind] = self.counts.get(cls.kind, 0) + len(group)
                lines[cls.kind] = self._lines(cls, group)
        return lines

    def encode_alerts(self, alerts: Sequence[Alert]) -> bytes:
        """One line an alert."""
        return self._encoded(alerts)

    def _lines(self, cls: type[Event], group: list[Event]) -> bytes:
        hidden = self._defaults.get(cls)
        if hidden is None:
            hidden = self._defaults[cls] = _unwritten_defaults(cls)
        if not hidden:
            return self._encoded(group)
        # Taken out and put back: a copy of every event would cost more than its encoding.
        kept = [[getattr(event, name) for name, _ in hidden] for event in group]
        for event in group:
            for name, default in hidden:
                setattr(event, name, default)
        try:
            return self._encoded(group)
        finally:
            for event, values in zip(group, kept, strict=True):
                for (name, _), value in zip(hidden, values, strict=True):
                    setattr(event, name, value)

    def _encoded(self, group: Sequence[Event] | Sequence[Alert]) -> bytes:
        try:
            return self._encoder.encode_lines(group)
        except (UnicodeEncodeError, TypeError, ValueError, msgspec.MsgspecError):
            return b"".join(map(self._line, group))

    def _line(self, event: Event | Alert) -> bytes:
        try:
            return self._encoder.encode(event) + b"\n"
        except (UnicodeEncodeError, TypeError, ValueError, msgspec.MsgspecError):
            self.unencodable += 1
            return b""


def _unwritten_defaults(cls: type[Event]) -> tuple[tuple[str, Any], ...]:
    fields = {field.name: field for field in msgspec.structs.fields(cls)}
    defaults = []
    for name in sorted(cls.unwritten):
        field = fields[name]
        if field.required:
            raise TypeError(f"{cls.kind}.{name} is unwritten and needs a default")
        made = field.default_factory
        defaults.append((name, field.default if made is msgspec.NODEFAULT else made()))
    return tuple(defaults)
