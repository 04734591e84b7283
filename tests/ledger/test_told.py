"""A difference is told once, until it has been gone for a while; a flood of them is told a few at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sentinel.ledger import Asset, Device, Fact, LedgerSettings
from sentinel.ledger.compare import Difference
from sentinel.ledger.device import Key
from sentinel.ledger.told import News, Told, event_of

HOUR = 3600.0


def shadow(address: str) -> Difference:
    device = Device("z", address, 1.0, 2.0, True, [Fact("mac", "00:1b:21:00:00:02", "arp", 80, 1.0, 2.0)])
    return Difference("shadow", "z", address, "", "", "", "00:1b:21:00:00:02", device, None)


def known(key: Key) -> bool:
    return True


def step(
    told: Told, now: float, *differences: Difference, knows: Callable[[Key], bool] = known
) -> tuple[list[str], list[str]]:
    news = told.news(differences, knows, now)
    told.keep(news, now)
    return [event.host for event in news.begun.values()], [event.host for event in news.ended.values()]


def test_told_once_and_ended_once_it_was_gone_for_a_while() -> None:
    told, one = Told(LedgerSettings(settle=HOUR)), shadow("10.0.0.1")
    assert step(told, 0.0, one) == (["10.0.0.1"], [])
    assert step(told, 300.0, one) == ([], [])
    assert step(told, 600.0) == ([], [])
    assert step(told, 900.0, one) == ([], [])
    assert step(told, 900.0 + HOUR - 1) == ([], [])
    assert step(told, 900.0 + HOUR) == ([], ["10.0.0.1"])
    assert len(told) == 0
    assert step(told, 2 * HOUR, one) == (["10.0.0.1"], [])


def test_what_is_not_written_down_is_told_again() -> None:
    told = Told(LedgerSettings())
    assert told.news([shadow("10.0.0.1")], known, 0.0).begun
    assert told.news([shadow("10.0.0.1")], known, 1.0).begun


def test_a_flood_is_told_a_few_at_a_time_and_the_graver_first() -> None:
    told = Told(LedgerSettings(told=3))
    exposed = Difference("exposed", "z", "10.0.0.99", "outside", "", "", "445/tcp", None, None)
    many = [*(shadow(f"10.0.0.{n}") for n in range(5)), exposed]
    assert step(told, 0.0, *many) == (["10.0.0.99", "10.0.0.0", "10.0.0.1"], [])
    assert told.waiting == 3
    assert step(told, 300.0, *many)[0] == ["10.0.0.2", "10.0.0.3", "10.0.0.4"]
    assert (told.waiting, told.numbers()["shadow"]) == (0, 5)


def test_the_differences_remembered_are_bounded() -> None:
    told = Told(LedgerSettings(differences=64, told=1000))
    begun, _ = step(told, 0.0, *(shadow(f"10.0.{n}.1") for n in range(100)))
    assert (len(begun), len(told), told.waiting) == (64, 64, 36)


def test_a_device_pushed_out_of_the_table_ends_nothing_until_it_was_unseen_for_long() -> None:
    told = Told(LedgerSettings(settle=0.0, unseen=10 * HOUR))
    step(told, 0.0, shadow("10.0.0.1"))
    assert step(told, 9 * HOUR, knows=lambda key: False) == ([], [])
    assert step(told, 10 * HOUR, knows=lambda key: False) == ([], ["10.0.0.1"])


def test_the_next_life_tells_nothing_again() -> None:
    told = Told(LedgerSettings())
    news: News = told.news([shadow("10.0.0.1")], known, 0.0)
    other = Told(LedgerSettings())
    other.restore(news.begun, 100.0)
    assert step(other, 200.0, shadow("10.0.0.1")) == ([], [])


def test_the_event_tells_whose_it_is_and_what_was_seen() -> None:
    fields: dict[str, Any] = {"responsible": "责任人", "protection_level": "3", "cii": True}
    asset = Asset("政数局", "OA", (("z", "10.0.0.1"),), **fields)
    device = Device("z", "10.0.0.1", 1.0, 2.0, True, [Fact("name", "oa1", "ntlm", 80, 1.0, 2.0)])
    event = event_of(
        Difference("exposed", "z", "10.0.0.1", "outside", "政数局", "", "445/tcp", device, asset), 9.0
    )
    assert (event.ts, event.state, event.p, event.proto, event.resp_h) == (
        9.0,
        "begun",
        445,
        "tcp",
        "10.0.0.1",
    )
    assert (event.department, event.responsible, event.asset) == ("政数局", "责任人", "OA")
    assert (event.protection_level, event.cii, event.name, event.random_mac) == ("3", True, "oa1", None)
