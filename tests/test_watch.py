"""The watch: detectors behind all sources, rules on what they notice, the same for the same events."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec

from sentinel.config import default_config
from sentinel.event import Alert, Conn, Event, Level, Suppression
from sentinel.event.pack import EventPacker, unpack_events
from sentinel.rule import RuleSet
from sentinel.rule.settings import ThresholdSettings
from sentinel.watch import Found, Watch

ROOT = Path(__file__).parents[1]
CONFIG = default_config(ROOT)
RULES = RuleSet.load(CONFIG.rule, CONFIG.root)


def scan(hosts: int = 40) -> list[Event]:
    return [
        Conn(
            ts=float(number), uid=f"C{number}", orig_h="10.0.0.9", orig_p=1, resp_h=f"10.1.0.{number}", resp_p=3389,
            proto="tcp", conn_state="REJ", local_orig=True, local_resp=True, orig_pkts=1, history="Sr",
        )
        for number in range(hosts)
    ]  # fmt: skip


def given(ts: float) -> Alert:
    return Alert(ts=ts, id=f"a{ts}", level=Level.LOW, title="别的", rule_id="r", kind="http")


def test_a_notice_is_graded_by_rules_and_told_among_the_other_alerts() -> None:
    watch = Watch(CONFIG, RULES)
    found = watch.take(scan(), [given(1.0), given(99.0)])
    assert [event.kind for event in found.events] == ["notice"]
    assert [alert.ts for alert in found.alerts] == [1.0, 24.0, 99.0]
    alert = found.alerts[1]
    assert (alert.level, alert.src, alert.dst_port, alert.category) == (
        Level.HIGH,
        "10.0.0.9",
        3389,
        "NASCAN",
    )
    assert alert.fields["figures"]["targets"] == 25
    statistics = watch.statistics()
    assert statistics.events == {"notice": 1} and statistics.alerts == {"high": 1}
    assert statistics.entries["scan"] > 0 and statistics.evicted["scan"] == 0


def test_the_same_events_give_the_same_however_they_are_cut() -> None:
    whole = Watch(CONFIG, RULES).take(scan())
    watch = Watch(CONFIG, RULES)
    pieces: list[Found] = [watch.take([event]) for event in scan()]
    assert whole.events == [event for piece in pieces for event in piece.events]
    assert whole.alerts == [alert for piece in pieces for alert in piece.alerts]


def test_a_disabled_detector_sees_nothing() -> None:
    watch = Watch(replace(CONFIG, detect=replace(CONFIG.detect, disabled=("scan",))), RULES)
    assert watch.take(scan()) == Found([], [])
    assert "scan" not in watch.statistics().entries


def test_events_survive_the_way_to_the_agent() -> None:
    events = scan(3)
    packed = EventPacker({"conn"}).pack(events)
    assert unpack_events("conn", packed["conn"]) == events
    packer = EventPacker({"conn"})
    broken = msgspec.structs.replace(events[0], history="\ud800")
    assert unpack_events("conn", packer.pack([broken, events[1]])["conn"]) == [events[1]]
    assert packer.unpackable == 1


CORRELATION = """title: Refused
name: refused
id: 11111111-1111-4111-8111-111111111111
logsource: {product: zeek, service: conn}
detection: {s: {conn_state: REJ}, condition: s}
level: low
---
title: Many refused
id: 22222222-2222-4222-8222-222222222222
correlation:
  type: value_count
  rules: [refused]
  group-by: [id.orig_h]
  timespan: 20s
  condition: {field: id.resp_h, gte: 20}
level: high
"""


def correlating(folder: Path) -> RuleSet:
    (folder / "rules.yml").write_text(CORRELATION)
    return RuleSet.load(replace(CONFIG.rule, paths=("rules.yml",)), folder)


def test_one_correlator_sees_the_matches_of_all_workers(tmp_path: Path) -> None:
    rules = correlating(tmp_path)
    watch = Watch(replace(CONFIG, detect=replace(CONFIG.detect, disabled=("scan",))), rules)
    events = scan(30)
    told: list[Alert] = []
    for worker in (events[::2], events[1::2]):  # all of one, then all of the other
        findings = rules.find(worker)
        assert not findings.alerts, "what only serves a correlation is silent"
        told += watch.take([], findings.alerts, findings.matches).alerts
    assert [(alert.title, alert.src) for alert in told] == [("Many refused", "10.0.0.9")]
    statistics = watch.statistics()
    assert statistics.correlations["matches"] == 30 and statistics.correlations["groups"] == 1
    assert statistics.alerts == {"high": 1}


def test_new_rules_go_on_with_what_correlations_know(tmp_path: Path) -> None:
    rules = correlating(tmp_path)
    watch = Watch(replace(CONFIG, detect=replace(CONFIG.detect, disabled=("scan",))), rules)
    watch.take([], (), rules.find(scan(19)).matches)
    watch.rules = again = correlating(tmp_path)
    assert len(watch.take([], (), again.find(scan(20)[19:]).matches).alerts) == 1
    (tmp_path / "rules.yml").write_text(CORRELATION.replace("20s", "21s"))
    watch.rules = RuleSet.load(replace(CONFIG.rule, paths=("rules.yml",)), tmp_path)
    assert not watch.take([], (), again.find(scan(21)[20:]).matches).alerts
    assert watch.statistics().correlations["matches"] == 21


def test_what_is_held_back_is_an_event_and_counted() -> None:
    limit = ThresholdSettings(timespan=100.0)
    watch = Watch(replace(CONFIG, rule=replace(CONFIG.rule, thresholds=(limit,))), RULES)
    found = watch.take([], [given(float(n)) for n in range(5)])
    assert [alert.ts for alert in found.alerts] == [0.0]
    assert watch.statistics().suppressed == {"limit": 4}
    [event] = watch.close()
    assert isinstance(event, Suppression) and (event.rule_id, event.n) == ("r", 4)
    assert watch.close() == []
