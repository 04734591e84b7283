"""What a restraint has counted, as bytes: kept by the store, so that a restart does not begin to count anew."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from sentinel.event import Alert, Suppression
from sentinel.rule.restraint.restraint import Restraint
from sentinel.rule.restraint.threshold import Count, ThresholdType

__all__ = ["recall", "restore", "save"]


class _Counted(msgspec.Struct, array_like=True):
    rule: str
    about: str
    begun: float
    number: int
    due: int
    told: float | None
    values: list[str] | None


class _Held(msgspec.Struct, array_like=True):
    key: tuple[str, str, str]
    suppression: Suppression


class _State(msgspec.Struct):
    now: float
    counts: list[_Counted]
    held: list[_Held]


_decoder = msgspec.msgpack.Decoder(_State)


def save(restraint: Restraint) -> bytes:
    """All counts and suppressions under way."""
    restraint.changed = False
    counts = [
        _Counted(
            rule,
            about,
            count.begun,
            count.number,
            count.due,
            count.told,
            sorted(count.values) if count.values is not None else None,
        )
        for (rule, about), count in restraint.counts.items()
    ]
    held = [_Held(key, suppression) for key, suppression in restraint.held.items()]
    return msgspec.msgpack.encode(_State(restraint.now, counts, held))


def restore(restraint: Restraint, data: bytes) -> None:
    """Take up what was saved. Raises `msgspec.MsgspecError` on anything else."""
    state = _decoder.decode(data)
    restraint.now = max(restraint.now, state.now)
    for one in state.counts:
        count = Count(one.begun, one.due)
        count.number, count.told = one.number, one.told
        count.values = None if one.values is None else set(one.values)
        restraint.counts[one.rule, one.about] = count
    for held in state.held:
        restraint.held[held.key] = held.suppression


def recall(restraint: Restraint, told: Iterable[Alert]) -> None:
    """Count alerts that the database has and the state has not: they were told after it was last saved."""
    for alert in sorted(told, key=lambda alert: alert.ts):
        threshold = restraint.threshold_of(alert.rule_id)
        if threshold is None:
            continue
        key = (alert.rule_id, threshold.by.of(alert))
        count = restraint.counts.get(key)
        if count is not None and alert.ts <= (count.begun if count.told is None else count.told):
            continue
        if count is None or count.over(alert.ts, threshold):
            count = restraint.begin(key, alert.ts, threshold)
        count.told = alert.ts
        count.note(alert, threshold)
        if threshold.type is ThresholdType.LIMIT:
            count.number += 1
            continue
        # what such an alert stood for, it says itself
        count.number = max(count.number, int(alert.fields.get("alerts", 1)))
        while threshold.type is ThresholdType.BACKOFF and count.due <= count.number:
            count.due *= 10
