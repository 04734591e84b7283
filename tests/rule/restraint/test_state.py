"""Thresholds through a restart: counts go on, with and without the last saving, and nothing is told twice."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import msgspec
import pytest

from sentinel.event import Alert, Level
from sentinel.rule import Restraint, RuleSettings
from sentinel.rule.restraint import recall, restore, save
from sentinel.rule.settings import ThresholdSettings

WAYS = ("limit", "threshold", "both", "backoff")


def alert(ts: float, src: str = "10.0.0.1", port: int = 80) -> Alert:
    return Alert(
        ts=ts,
        id=f"{src}{ts}",
        level=Level.HIGH,
        title="t",
        rule_id="r",
        kind="conn",
        src=src,
        dst="10.0.0.9",
        dst_port=port,
    )


def restraint(way: str = "limit", count: int = 3, **more: object) -> Restraint:
    threshold = ThresholdSettings(type=way, count=count, timespan=100.0, **more)  # type: ignore[arg-type]
    return Restraint(RuleSettings(thresholds=(threshold,)), ZoneInfo("UTC"))


ALERTS = [alert(n * 0.5, f"10.0.0.{n % 2}", n % 7) for n in range(150)] + [alert(n * 9.0) for n in range(20)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("unique_on", ["", "dst_port"])
def test_a_restart_makes_no_difference(way: str, unique_on: str) -> None:
    whole = restraint(way, unique_on=unique_on).take(ALERTS)
    assert len(whole.alerts) >= 2
    for cut in (1, 5, 6, 40, 149):
        first, second = restraint(way, unique_on=unique_on), restraint(way, unique_on=unique_on)
        told = first.take(ALERTS[:cut]).alerts
        restore(second, save(first))
        assert not first.changed
        assert told + second.take(ALERTS[cut:]).alerts == whole.alerts, cut


def test_what_was_held_back_is_still_told_of() -> None:
    first, second = restraint(count=1), restraint(count=1)
    first.take([alert(1.0), alert(2.0), alert(3.0)])
    restore(second, save(first))
    second.take([alert(4.0)])
    [held] = second.finish()
    assert (held.n, held.first_ts, held.ts) == (3, 2.0, 4.0)


@pytest.mark.parametrize("way", WAYS)
def test_what_was_told_after_the_last_saving_is_not_told_again(way: str) -> None:
    first, second = restraint(way), restraint(way)
    stored = first.take([alert(1.0), alert(2.0)]).alerts
    saved = save(first)
    stored += first.take([alert(3.0)]).alerts
    assert [one.ts for one in stored][-1:] == [3.0]
    restore(second, saved)
    recall(second, stored)
    expected = {"limit": [], "threshold": [6.0], "both": [], "backoff": []}
    assert [one.ts for one in second.take([alert(4.0), alert(5.0), alert(6.0)]).alerts] == expected[way]


def test_without_anything_saved_the_alerts_themselves_are_counted() -> None:
    second = restraint()
    recall(second, [alert(1.0), alert(2.0)])
    assert [one.ts for one in second.take([alert(3.0), alert(4.0)]).alerts] == [3.0]


def test_old_alerts_do_not_end_a_window_that_was_saved() -> None:
    first, second = restraint(), restraint()
    first.take([alert(1000.0), alert(1001.0), alert(1002.0)])
    restore(second, save(first))
    recall(second, [alert(1.0)])
    assert second.take([alert(1003.0)]).alerts == []


def test_damage_is_said_and_costs_only_what_was_saved() -> None:
    one = restraint()
    with pytest.raises(msgspec.MsgspecError):
        restore(one, b"\x93no")
    assert len(one.take([alert(1.0)]).alerts) == 1
