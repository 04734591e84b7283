"""What correlations remember, as bytes: kept by the store, so that a restart neither forgets nor tells twice."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from sentinel.event import Alert
from sentinel.rule.correlation.correlation import SECOND
from sentinel.rule.correlation.correlator import Correlator
from sentinel.rule.correlation.tracker import Tracker
from sentinel.rule.correlation.window import EntryWindow, Window

__all__ = ["StatePart", "recall", "restore", "save"]

_GROUPS_A_PART = 1000
"""Groups encoded at once: whoever saves can let others have their turn in between."""


class StatePart(msgspec.Struct, frozen=True):
    """Some groups of one correlation."""

    correlation: str
    signature: str
    """Groups of a correlation that says something else by now are of no use."""
    data: bytes


class _Group(msgspec.Struct, array_like=True):
    key: str | tuple[str, ...]
    times: list[int]
    entries: list[Any]
    told: int | None
    uids: list[str]
    sources: tuple[str, ...]
    targets: tuple[str, ...]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[_Group])


def save(correlator: Correlator) -> Iterator[StatePart]:
    """The groups of every correlation that changed since the last time; those of others are saved already."""
    for tracker in correlator.trackers.values():
        if not tracker.changed:
            continue
        tracker.changed = False
        name, signature = tracker.correlation.id, tracker.correlation.signature
        keys = list(tracker.groups)
        yield StatePart(name, signature, b"")  # there may be no group left
        for begin in range(0, len(keys), _GROUPS_A_PART):
            windows = [(key, tracker.groups.get(key)) for key in keys[begin : begin + _GROUPS_A_PART]]
            groups = [_written(key, window) for key, window in windows if window is not None]
            yield StatePart(name, signature, _encoder.encode(groups))


def restore(correlator: Correlator, parts: Iterable[StatePart]) -> tuple[int, int]:
    """Take up what was saved. How many groups came back, and how many parts could not be read."""
    groups: dict[str, dict[str | tuple[str, ...], Window]] = {}
    damaged = 0
    for part in parts:
        tracker = correlator.trackers.get(part.correlation)
        if tracker is None or not part.data or tracker.correlation.signature != part.signature:
            continue
        try:
            read = {one.key: _window(one, tracker) for one in _decoder.decode(part.data)}
        except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, AttributeError):
            damaged += 1
            continue
        groups.setdefault(part.correlation, {}).update(read)
    for name, restored in groups.items():
        correlator.trackers[name].adopt(restored)
    return sum(map(len, groups.values())), damaged


def recall(correlator: Correlator, told: Iterable[Alert]) -> None:
    """Tell nothing again that was told already, even where that happened after the last time all was saved."""
    for alert in told:
        tracker = correlator.trackers.get(alert.rule_id)
        if tracker is None:
            continue
        group = tuple(str(alert.fields.get(name)) for name in tracker.correlation.group_by)
        tracker.remember_told(group, int(alert.ts * SECOND + 0.5))


def _written(key: str | tuple[str, ...], window: Window) -> _Group:
    entries = window.entries if isinstance(window, EntryWindow) else []
    return _Group(
        key, window.times.tolist(), entries, window.told, window.uids or [], window.sources, window.targets
    )


def _window(group: _Group, tracker: Tracker) -> Window:
    window = tracker.open()
    window.times = array("q", group.times)
    window.told = group.told
    window.uids, window.sources, window.targets = group.uids or None, group.sources, group.targets
    if isinstance(window, EntryWindow):
        if len(group.entries) != len(group.times):
            raise ValueError("a time for each entry")
        window.entries = [tuple(one) if isinstance(one, list) else one for one in group.entries]
        window.rebuild(tracker.terms)
    return window
