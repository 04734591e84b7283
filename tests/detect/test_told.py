"""Notices that a former process told are not told again; those of this process are the detectors' own business."""

from __future__ import annotations

from sentinel.detect import ToldNotices
from sentinel.event import Alert, Level, Notice


def notice(ts: float, **more: object) -> Notice:
    values = {"note": "Scan::Port_Scan", "src": "10.0.0.1", "dst": "10.0.0.2", "suppress_for": 100.0, **more}
    return Notice(ts=ts, msg="m", **values)  # type: ignore[arg-type]


def test_only_what_was_told_before_the_restart_is_held_back() -> None:
    first, second = ToldNotices(), ToldNotices()
    assert not first.again(notice(1.0)) and not first.again(notice(2.0))
    assert first.changed
    second.restore(first.save())
    assert not first.changed
    assert second.again(notice(50.0)) and second.again(notice(101.9))
    assert not second.again(notice(50.0, dst="10.0.0.3"))
    assert not second.again(notice(50.0, zone="vpn"))
    assert not second.again(notice(50.0, note="Scan::Address_Scan"))
    assert not second.again(notice(102.0)), "its time is over"


def test_two_restarts_in_a_row() -> None:
    first, second, third = ToldNotices(), ToldNotices(), ToldNotices()
    first.again(notice(1.0))
    second.restore(first.save())
    third.restore(second.save())
    assert third.again(notice(50.0))


def test_alerts_tell_what_was_not_saved() -> None:
    alert = Alert(
        ts=1.0,
        id="a",
        level=Level.HIGH,
        title="t",
        rule_id="r",
        kind="notice",
        src="10.0.0.1",
        dst="10.0.0.2",
        fields={"note": "Scan::Port_Scan"},
    )
    told = ToldNotices()
    told.recall([alert], 100.0)
    assert told.again(notice(50.0)) and not told.again(notice(101.0))


def test_strangers_fill_no_memory() -> None:
    told = ToldNotices()
    for number in range(70_000):
        told.again(notice(1.0, src=f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"))
    after = ToldNotices()
    after.restore(told.save())
    assert not after.again(notice(2.0, src="10.0.0.0")) and after.again(notice(2.0, src="10.1.17.111"))
