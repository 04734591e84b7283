"""Nothing is asked that was not declared, by nobody who may not, at no other hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sentinel.ledger import Ledger, LedgerError, LedgerSettings
from sentinel.ledger.settings import SweepSettings
from sentinel.ledger.sweep import Answer, in_hours, may_sweep, sights_of, sweep, targets

SETTINGS = SweepSettings(
    enabled=True,
    ranges=("10.1.0.0/24", "10.2.0.0/30"),
    exclude=("10.1.0.128/25",),
    persons=("甲",),
    hours="22:00-06:00",
)
NIGHT, DAY = (datetime(2026, 11, 25, hour, tzinfo=ZoneInfo("Asia/Shanghai")) for hour in (23, 12))


def refused(work: Any) -> str:
    with pytest.raises(LedgerError) as error:
        work()
    return error.value.message.id


def test_off_in_another_s_name_or_outside_the_hours_nothing_is_asked() -> None:
    may_sweep(SETTINGS, "甲", NIGHT)
    assert refused(lambda: may_sweep(SweepSettings(), "甲", NIGHT)) == "asset.sweep.off"
    assert refused(lambda: may_sweep(SETTINGS, "乙", NIGHT)) == "asset.sweep.person"
    assert refused(lambda: may_sweep(SETTINGS, "甲", DAY)) == "asset.sweep.hours"
    assert in_hours(replace(SETTINGS, hours=""), DAY)


def test_only_declared_addresses_and_none_of_the_excluded() -> None:
    assert targets(SETTINGS) == [f"10.1.0.{n}" for n in range(1, 128)] + ["10.2.0.1", "10.2.0.2"]
    assert targets(SETTINGS, ["10.1.0.4/30"]) == ["10.1.0.5", "10.1.0.6"]
    assert targets(SETTINGS, ["10.1.0.5"]) == ["10.1.0.5"]
    for chosen, reason in (
        ("10.0.0.0/8", "not-declared"),
        ("8.8.8.8", "not-declared"),
        ("fd00::/64", "only-ipv4"),
        ("village", "range"),
        ("10.1.0.192/26", "nothing"),
    ):
        assert refused(lambda chosen=chosen: targets(SETTINGS, [chosen])) == f"asset.sweep.{reason}"
    assert refused(lambda: targets(SweepSettings())) == "asset.sweep.nothing"
    wide = SweepSettings(ranges=("10.0.0.0/8",))
    assert refused(lambda: targets(wide)) == "asset.sweep.too-many"
    assert len(targets(wide, ["10.9.0.0/16"])) == 65534


class Fake:
    """Every tenth address is a neighbour that opens port 22."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def find(self, addresses: Sequence[str]) -> Mapping[str, str | None]:
        self.asked += addresses
        return {address: "00:1b:21:00:00:01" for address in addresses if address.endswith("0")}

    def open_ports(self, addresses: Sequence[str], ports: Sequence[int]) -> Mapping[str, Sequence[int]]:
        return {address: [port for port in ports if port == 22] for address in addresses}


def test_a_sweep_goes_round_by_round_and_ends_when_no_further_round_is_taken() -> None:
    prober = Fake()
    rounds = sweep(targets(SETTINGS), (80, 22), prober, lambda: 5.0)
    first = next(rounds)
    assert first[0] == Answer(5.0, "10.1.0.10", "00:1b:21:00:00:01", (22,))
    assert len(prober.asked) == 64
    assert [answer.address for answers in rounds for answer in answers] == [
        f"10.1.0.{n}0" for n in range(7, 13)
    ]
    assert prober.asked == targets(SETTINGS)


def test_who_answers_is_a_lasting_device_with_mac_vendor_and_services() -> None:
    ledger = Ledger(LedgerSettings(), ["10.0.0.0/8"])
    ledger.take_sights(sights_of(Answer(5.0, "10.1.0.10", "00:1b:21:00:00:01", (22,)), "公用"))
    ledger.take_sights(sights_of(Answer(5.0, "8.8.8.8", None, (53,)), "公用"))
    [device] = ledger.seen
    assert (device.key, device.lasting) == (("公用", "10.1.0.10"), True)
    assert {(fact.field, fact.value, fact.source) for fact in device.facts} == {
        ("mac", "00:1b:21:00:00:01", "scan"),
        ("vendor", "Intel Corporate", "oui"),
        ("service", "22/tcp", "scan"),
    }
