"""Restraint: of many alerts the right ones are told, and of every other one something remains."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sentinel.event import Alert, Level
from sentinel.rule import Restraint, RuleSet, RuleSettings
from sentinel.rule.load import load_file
from sentinel.rule.settings import AssetSettings, MaintenanceSettings, ThresholdSettings

SHANGHAI = ZoneInfo("Asia/Shanghai")
NIGHT = 1764079200.0
"""2025-11-25 22:00 in Shanghai."""


def restraint(**settings: Any) -> Restraint:
    return Restraint(RuleSettings(**settings), SHANGHAI)


def alert(ts: float, rule: str = "r", src: str = "10.0.0.1", dst: str = "10.9.9.9", **given: Any) -> Alert:
    level = given.pop("level", Level.MEDIUM)
    return Alert(
        ts=ts,
        id=f"{rule}{ts}{src}",
        level=level,
        title="T",
        rule_id=rule,
        kind="conn",
        src=src,
        dst=dst,
        **given,
    )


def told(restraint: Restraint, alerts: list[Alert]) -> list[float]:
    return [one.ts for one in restraint.take(alerts).alerts]


def test_without_settings_everything_is_told_as_it_is() -> None:
    alerts = [alert(float(n)) for n in range(100)]
    assert restraint().take(alerts) == (alerts, [])


@pytest.mark.parametrize(
    ("type", "count", "expected"),
    [
        ("limit", 1, [0]),
        ("limit", 3, [0, 1, 2]),
        ("threshold", 4, [3, 7, 11, 15, 19]),
        ("both", 4, [3]),
        ("backoff", 1, [0, 9]),
        ("backoff", 2, [1, 19]),
        ("threshold", 1, list(range(20))),
    ],
)
def test_types(type: str, count: int, expected: list[float]) -> None:
    one = ThresholdSettings(type=type, count=count, timespan=100)
    assert told(restraint(thresholds=(one,)), [alert(float(n)) for n in range(20)]) == expected


def test_a_window_begins_with_its_first_alert_and_lasts_the_timespan() -> None:
    one = ThresholdSettings(timespan=10)
    assert told(restraint(thresholds=(one,)), [alert(t) for t in (59.0, 60.0, 69.0, 69.5, 79.5, 79.6)]) == [
        59,
        69.5,
        79.6,
    ]
    assert told(restraint(thresholds=(one,)), [alert(t) for t in (59.0, 58.0, 30.0)]) == [59, 30]


def test_other_settings_go_on_with_windows_under_way() -> None:
    one = ThresholdSettings(timespan=10)
    before = restraint(thresholds=(one,))
    assert told(before, [alert(0.0), alert(1.0)]) == [0]
    after = Restraint(RuleSettings(thresholds=(one,)), SHANGHAI, before)
    assert told(after, [alert(2.0), alert(11.0)]) == [11]
    assert after.suppressed == {"limit": 2}
    assert [(one.n, one.first_ts, one.ts) for one in after.finish()] == [(2, 1.0, 2.0)]


@pytest.mark.parametrize(
    ("by", "expected"), [("rule", [0]), ("source", [0, 2]), ("destination", [0, 1]), ("pair", [0, 1, 2, 3])]
)
def test_what_is_counted_apart(by: str, expected: list[float]) -> None:
    ends = [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y"), ("a", "x")]
    alerts = [alert(float(n), src=src, dst=dst) for n, (src, dst) in enumerate(ends)]
    assert told(restraint(thresholds=(ThresholdSettings(by=by),)), alerts) == expected


def test_values_count_once() -> None:
    ports = [22, 22, 23, 22, 80, 23, 443]
    alerts = [alert(float(n), dst_port=port) for n, port in enumerate(ports)]
    one = ThresholdSettings(type="both", count=3, unique_on="dst_port")
    assert told(restraint(thresholds=(one,)), alerts) == [4]
    names = [alert(float(n), fields={"query": name}) for n, name in enumerate("aabab")]
    assert told(restraint(thresholds=(ThresholdSettings(count=9, unique_on="query"),)), names) == [0, 2]


def test_an_alert_that_stands_for_others_says_for_how_many() -> None:
    one = ThresholdSettings(type="both", count=5)
    [only] = restraint(thresholds=(one,)).take([alert(float(n)) for n in range(9)]).alerts
    assert only.fields["alerts"] == 5


RULE = """title: T
id: r
logsource: {{category: t}}
detection: {{s: {{a: b}}, condition: s}}
sentinel: {{threshold: {threshold}}}
"""


def test_a_rules_own_threshold_gives_way_to_one_by_name_only(tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(
        RULE.format(threshold="{type: limit, count: 2, timespan: 5m, by: source}")
    )
    rules = RuleSet.load(RuleSettings(paths=("r.yml",)), tmp_path)
    alerts = [alert(float(n)) for n in range(5)]
    for settings, expected in (
        ((), 2),
        ((ThresholdSettings(count=3),), 2),
        ((ThresholdSettings(rules=("r",), count=3), ThresholdSettings(count=1)), 3),
    ):
        mine = restraint(thresholds=settings)
        mine.use(rules.thresholds)
        assert len(mine.take(alerts).alerts) == expected


@pytest.mark.parametrize(
    "threshold", ["5", "{type: often}", "{count: 0}", "{timespan: soon}", "{by: colour}", "{limit: 5}"]
)
def test_a_threshold_that_is_not_understood_refuses_its_rule_with_its_line(
    tmp_path: Path, threshold: str
) -> None:
    (tmp_path / "r.yml").write_text(RULE.format(threshold=threshold))
    compiled = load_file(tmp_path / "r.yml")
    [problem] = [problem for problem in compiled.problems if not problem.informational]
    assert not compiled.rules and "threshold" in problem.reason and problem.remedy


def test_what_is_held_back_is_counted_and_written() -> None:
    mine = restraint(thresholds=(ThresholdSettings(timespan=600),))
    levels = [Level.MEDIUM, Level.MEDIUM, Level.HIGH, Level.LOW]
    found = mine.take([alert(float(n), level=level) for n, level in enumerate(levels)])
    assert len(found.alerts) == 1 and not found.suppressions
    assert mine.suppressed == {"limit": 3}
    [written] = mine.take([alert(5000.0)]).suppressions
    assert (written.rule_id, written.reason, written.n, written.about) == ("r", "limit", 3, "10.0.0.1")
    assert (written.first_ts, written.ts, written.level, written.dst) == (1.0, 3.0, "high", "10.9.9.9")
    assert mine.finish() == []
    mine.take([alert(5001.0)])
    assert [one.n for one in mine.finish()] == [1] and mine.finish() == []


def test_state_is_bounded_and_nothing_is_lost_by_it() -> None:
    mine = restraint(thresholds=(ThresholdSettings(timespan=1e6),))
    number, tell, held = 70_000, 0, 0
    for begin in range(0, number, 1000):
        pairs = [alert(float(n), src=f"s{n}") for n in range(begin, begin + 1000) for _ in range(2)]
        found = mine.take(pairs)
        tell += len(found.alerts)
        held += sum(one.n for one in found.suppressions)
    assert tell == number and mine.evicted == number - 65_536
    assert held + sum(one.n for one in mine.finish()) == number


PLANNED = MaintenanceSettings(
    reason="割接", author="值班长", since="2025-11-25 22:00", until="2025-11-26 06:00"
)


@pytest.mark.parametrize(
    ("given", "ts", "held"),
    [
        ({}, NIGHT, True),
        ({}, NIGHT - 1, False),
        ({}, NIGHT + 8 * 3600 - 1, True),
        ({}, NIGHT + 8 * 3600, False),
        ({"until": "2025-11-25T14:30:00+00:00"}, NIGHT + 1799, True),
        ({"until": "2025-11-25T14:30:00+00:00"}, NIGHT + 1800, False),
        ({"hours": "23:00-02:00"}, NIGHT, False),
        ({"hours": "23:00-02:00"}, NIGHT + 3600, True),
        ({"hours": "23:00-02:00"}, NIGHT + 4 * 3600 - 1, True),
        ({"hours": "23:00-02:00"}, NIGHT + 4 * 3600, False),
        ({"hours": "21:00-22:30"}, NIGHT, True),
        ({"since": ""}, NIGHT - 1e6, True),
        ({"rules": ("r",)}, NIGHT, True),
        ({"rules": ("other",)}, NIGHT, False),
        ({"addresses": ("10.9.0.0/16",)}, NIGHT, True),
        ({"addresses": ("10.0.0.1/32",)}, NIGHT, True),
        ({"addresses": ("10.8.0.0/16", "2001:db8::/32")}, NIGHT, False),
    ],
)
def test_maintenance(given: dict[str, Any], ts: float, held: bool) -> None:
    settings = {name: getattr(PLANNED, name) for name in PLANNED.__slots__} | given
    mine = restraint(maintenance=(MaintenanceSettings(**settings),))
    assert (told(mine, [alert(ts)]) == []) is held
    if held:
        [written] = mine.finish()
        assert (written.reason, written.note, written.author, written.n) == (
            "maintenance",
            "割接",
            "值班长",
            1,
        )


CLASSES = (
    AssetSettings("核心", 1, addresses=("10.9.0.0/16",)),
    AssetSettings("终端", -1, addresses=("10.0.0.0/8",)),
    AssetSettings("访客", -2, zones=("guest",)),
)


@pytest.mark.parametrize(
    ("given", "level", "asset"),
    [
        ({}, "high", "核心"),
        ({"dst": "10.1.1.1"}, "low", "终端"),
        ({"dst": "192.0.2.1"}, "low", "终端"),
        ({"dst": "192.0.2.1", "src": "192.0.2.2"}, "medium", None),
        ({"dst": "192.0.2.1", "src": "192.0.2.2", "zone": "guest"}, "informational", "访客"),
        ({"level": Level.CRITICAL}, "critical", "核心"),
        ({"level": Level.INFORMATIONAL, "dst": "10.1.1.1"}, "informational", "终端"),
    ],
)
def test_asset_classes_shift_levels(given: dict[str, Any], level: str, asset: str | None) -> None:
    before = alert(1.0, **given)
    [after] = restraint(assets=CLASSES).take([before]).alerts
    assert (after.level, after.fields.get("asset")) == (level, asset)
    assert after.fields.get("level_before") == (before.level if before.level != level else None)
    assert after.id == before.id
