"""Bugs that other engines have shipped, each under its own name."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentinel.event import Http, Log, Payload
from sentinel.rule import Correlator, RuleSet, RuleSettings

Make = Callable[..., RuleSet]
FLOW: dict[str, Any] = {"uid": "C", "orig_h": "10.0.0.1", "orig_p": 1, "resp_h": "10.0.0.2", "resp_p": 80}
COMPANY = [f"s:\n  uri|contains: longer needle number {n}\ncondition: s" for n in range(60)]
"""Rules that are found by a prefilter, so that the one in question has every chance to be lost beside them."""

SHORT = ["§", "q", "~", "%", "zq", "/~", "政"]
"""Of one, two and three bytes."""
WAYS = [
    ("uri|contains: '{}'", "/a/{}/b"),
    ("uri|startswith: '{}'", "{}/b"),
    ("uri|endswith: '{}'", "/a/b/{}"),
    ("uri: '{}'", "{}"),
    ("uri: '*{}*'", "/a/{}"),
    ("uri|contains|cased: '{}'", "/a/{}"),
    ("uri|re: '{}'", "/a/{}/b"),
    ("uri|contains|all: ['{}', '/a']", "/a/{}"),
]


def request(uri: str) -> Http:
    return Http(ts=1.0, **FLOW, trans_depth=1, uri=uri, request_body_len=0, response_body_len=0)


@pytest.mark.parametrize("needle", SHORT)
@pytest.mark.parametrize(("asked", "uri"), WAYS)
def test_needles_shorter_than_three_bytes_are_not_lost(
    make_rules: Make, needle: str, asked: str, uri: str
) -> None:
    rules = make_rules(f"s:\n  {asked.format(needle)}\ncondition: s", *COMPANY, service="http")
    assert not [problem for problem in rules.problems if not problem.informational]
    events = [request("/nothing/here"), request(uri.format(needle)), request("/longer needle number 7")]
    assert [(alert.title, alert.fields["uri"]) for alert in rules.match(events)] == [
        ("T0", uri.format(needle)),
        ("T8", "/longer needle number 7"),
    ]


@pytest.mark.parametrize("needle", SHORT)
def test_short_keywords_and_fields_of_log_records_are_not_lost(tmp_path: Path, needle: str) -> None:
    head = "logsource: {product: linux}\nlevel: high\ndetection:\n  condition: s\n  s:"
    texts = [
        f"title: keyword\n{head} ['{needle}']\n",
        f"title: field\n{head} {{comm|contains: '{needle}'}}\n",
        *(f"title: long {n}\n{head} ['longer needle number {n}']\n" for n in range(60)),
    ]
    (tmp_path / "r.yml").write_text("---\n".join(texts))
    rules = RuleSet.load(RuleSettings(paths=("r.yml",)), tmp_path)
    records = [{"comm": "nothing"}, {"comm": f"a {needle} b"}, {"other": needle}]
    logs = [Log(ts=float(n), source="s", product="linux", fields=one) for n, one in enumerate(records)]
    assert sorted((alert.ts, alert.title) for alert in rules.match(logs)) == [
        (1.0, "field"),
        (1.0, "keyword"),
        (2.0, "keyword"),
    ]


@pytest.mark.parametrize("data", [b"\x17", b"\x16\x03", b"o", b"{}"])
@pytest.mark.parametrize("way", ["contains", "startswith"])
def test_short_needles_in_payloads_are_not_lost(make_rules: Make, data: bytes, way: str) -> None:
    """The first byte of a tunnel is all that some rules have to go by."""
    written = "".join(f"\\x{byte:02x}" for byte in data)
    company = [f"s:\n  payload|contains: longer needle number {n}\ncondition: s" for n in range(60)]
    asked = f"s:\n  payload|re: '{'^' if way == 'startswith' else ''}{written}'\ncondition: s"
    rules = make_rules(asked, *company, service="payload")

    def stretch(uid: str, payload: bytes) -> Payload:
        return Payload(ts=1.0, **{**FLOW, "uid": uid}, payload=payload, proto="tcp", direction="to_server")

    found = rules.match([stretch("C1", b"...."), stretch("C2", data + b"...")])
    assert [(alert.title, alert.uid) for alert in found] == [("T0", "C2")]


BASES = "".join(
    f"title: {name}\nname: {name}\nid: {name}\nlogsource: {{category: t}}\n"
    f"detection: {{s: {{type: {name}}}, condition: s}}\n---\n"
    for name in "abc"
)


def holds(folder: Path, sections: str, *events: tuple[float, str, str]) -> list[int]:
    """Places of the events (time, rule, user) by which a correlation holds."""
    (folder / "c.yml").write_text(BASES + sections)
    rules = RuleSet.load(RuleSettings(paths=("c.yml",)), folder)
    correlator = Correlator(rules.links)
    records = [(ts, {"type": type_, "user": user}) for ts, type_, user in events]
    return [place for place, match in rules.match_timed_records(records) if correlator.observe(match)]


def section(sort: str, rules: str, more: str = "") -> str:
    return (
        f"title: {sort}\nid: {sort}\nlevel: high\ncorrelation: {{type: {sort}, rules: {rules}, "
        f"group-by: [user], timespan: 10s{more}}}\n---\n"
    )


def test_windows_are_not_longer_than_the_timespan(tmp_path: Path) -> None:
    """Neither by a bucket's other half, nor by adding up what came before a pause."""
    three = section("event_count", "[a]", ", condition: {gte: 3}")
    assert holds(tmp_path, three, (9, "a", "u"), (11, "a", "u"), (19.1, "a", "u")) == []
    assert holds(tmp_path, three, (9, "a", "u"), (11, "a", "u"), (19.0, "a", "u")) == [2]
    assert holds(tmp_path, three, *((n * 5.1, "a", "u") for n in range(20))) == []


def test_temporal_rules_share_the_values_of_their_group(tmp_path: Path) -> None:
    both = section("temporal", "[a, b]")
    assert holds(tmp_path, both, (1, "a", "u"), (2, "b", "v")) == []
    assert holds(tmp_path, both, (1, "a", "u"), (2, "b", "v"), (3, "b", "u")) == [2]


def test_the_order_of_every_member_is_checked(tmp_path: Path) -> None:
    ordered = section("temporal_ordered", "[a, b, c]")
    assert holds(tmp_path, ordered, (1, "a", "u"), (2, "c", "u"), (3, "b", "u")) == []
    assert holds(tmp_path, ordered, (1, "a", "u"), (2, "b", "u"), (3, "c", "u")) == [2]


def test_parents_of_correlations_fire(tmp_path: Path) -> None:
    chain = section("event_count", "[a]", ", condition: {gte: 2}") + section(
        "temporal_ordered", "[event_count, b]"
    )
    assert holds(tmp_path, chain, (1, "a", "u"), (2, "a", "u"), (3, "b", "u")) == [2]
    assert holds(tmp_path, chain, (1, "a", "u"), (3, "b", "u")) == []


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ("2026-11-25T23:30:00+08:00", 23),
        ("2026-11-25T23:30:00-05:00", 23),
        ("2026-11-25T23:30:00Z", 23),
        (1_764_113_400.0, 23),
    ],
)
def test_times_with_an_offset_are_not_taken_for_local_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: Any, hour: int
) -> None:
    """Whatever zone this machine is in."""
    detection = f"detection: {{s: {{when|hour: {hour}}}, condition: s}}"
    (tmp_path / "r.yml").write_text(f"title: t\nlogsource: {{product: linux}}\n{detection}\n")
    rules = RuleSet.load(RuleSettings(paths=("r.yml",)), tmp_path)
    try:
        for zone in ("UTC", "Asia/Shanghai", "America/New_York"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            log = Log(ts=1.0, source="s", product="linux", fields={"when": written})
            assert len(rules.match([log])) == 1, zone
    finally:
        monkeypatch.undo()
        time.tzset()


def test_one_bad_reference_does_not_fail_the_load(tmp_path: Path) -> None:
    (tmp_path / "c.yml").write_text(
        BASES
        + section("temporal", "[a, nowhere]")
        + section("event_count", "[a, nowhere]", ", condition: {gte: 2}")
        + section("temporal_ordered", "[b, c]")
        + "title: F\nlogsource: {category: t}\nfilter: {rules: [nowhere], s: {type: x}, condition: not s}\n"
    )
    rules = RuleSet.load(RuleSettings(paths=("c.yml",)), tmp_path)
    assert [rule.id for rule in rules.rules] == ["a", "b", "c"]
    assert {one.id for one in rules.links.correlations} == {"event_count", "temporal_ordered"}
    assert sum("nowhere" in problem.reason for problem in rules.problems) == 3
    assert all(problem.remedy and problem.line for problem in rules.problems)
