"""Payload rules over stretches of streams and over datagrams."""

from __future__ import annotations

from collections.abc import Callable

from sentinel.event import Payload
from sentinel.rule import RuleSet
from sentinel.rule.payload import PayloadPlan


def stretch(data: bytes, uid: str = "C1", direction: str = "to_server", proto: str = "tcp") -> Payload:
    return Payload(
        ts=1.0, uid=uid, orig_h="10.0.0.1", orig_p=1, resp_h="10.0.0.2", resp_p=80,
        payload=data, proto=proto, direction=direction,
    )  # fmt: skip


def count(rules: RuleSet, *batches: list[Payload]) -> int:
    return sum(len(rules.match(batch)) for batch in batches)


def test_a_needle_across_two_stretches(make_rules: Callable[..., RuleSet]) -> None:
    detection = "s:\n  payload|contains: mining.subscribe\ncondition: s"
    first, second = stretch(b"xx mining.sub"), stretch(b'scribe","params"')
    assert count(make_rules(detection, service="payload"), [first], [second]) == 1
    assert count(make_rules(detection, service="payload"), [first, second]) == 1
    other_way = stretch(b"scribe", direction="to_client")
    assert count(make_rules(detection, service="payload"), [first, other_way]) == 0


def test_datagrams_do_not_join(make_rules: Callable[..., RuleSet]) -> None:
    rules = make_rules("s:\n  payload|contains: needle\ncondition: s", service="payload")
    assert count(rules, [stretch(b"nee", proto="udp"), stretch(b"dle", proto="udp")]) == 0
    assert count(rules, [stretch(b"NEEDLE", proto="udp")]) == 1


def test_parts_in_different_stretches_and_once_for_each_direction(make_rules: Callable[..., RuleSet]) -> None:
    detection = "s:\n  payload|contains|all:\n    - alpha\n    - omega\ncondition: s"
    rules = make_rules(detection, service="payload")
    assert count(rules, [stretch(b"alpha " + b"." * 900)], [stretch(b"omega")]) == 1
    assert count(rules, [stretch(b"alpha omega")]) == 0
    assert count(rules, [stretch(b"alpha omega", direction="to_client")]) == 1
    assert count(rules, [stretch(b"alpha omega", uid="C2")]) == 1


def test_negation_sees_what_came_before(make_rules: Callable[..., RuleSet]) -> None:
    detection = "s:\n  payload|contains: attack\nf:\n  payload|contains: friend\ncondition: s and not f"
    rules = make_rules(detection, service="payload")
    assert count(rules, [stretch(b"friend attack")]) == 0
    assert count(rules, [stretch(b"attack", uid="C2")]) == 1


def test_bytes_prefix_regex_wide_and_chinese(make_rules: Callable[..., RuleSet]) -> None:
    rules = make_rules(
        "s:\n  payload|re: '\\xac\\xed\\x00\\x05'\ncondition: s",
        "s:\n  payload|startswith: TST\ncondition: s",
        "s:\n  payload|wide|contains: cmd.exe\ncondition: s",
        "s:\n  payload|contains: 政务\ncondition: s",
        "s:\n  payload|contains|cased: CaSe\n  id.resp_p: 80\ncondition: s",
        service="payload",
    )
    assert not rules.problems

    def titles(*data: bytes) -> list[str]:
        events = [stretch(part, uid=str(data)) for part in data]
        return [alert.title for alert in rules.match(events)]

    assert titles(b"..\xac\xed\x00\x05sr") == ["T0"]
    assert titles(b"TST\x01") == ["T1"]
    assert titles(b"xTST\x01") == []
    assert titles(b"x", b"TST\x01") == []
    assert titles("cmd.exe".encode("utf-16le")) == ["T2"]
    assert titles("电子政务外网".encode()) == ["T3"]
    assert titles(b"CaSe") == ["T4"]
    assert titles(b"case") == []


def test_rules_without_a_literal_are_asked_of_every_stretch(make_rules: Callable[..., RuleSet]) -> None:
    rules = make_rules("s:\n  direction: to_client\n  id.resp_p: 80\ncondition: s", service="payload")
    assert count(rules, [stretch(b"a"), stretch(b"b", direction="to_client")]) == 1


def test_memory_is_bounded(make_rules: Callable[..., RuleSet]) -> None:
    rule = make_rules("s:\n  payload|contains: needle\ncondition: s", service="payload").rules[0]
    plan = PayloadPlan([(0, rule)], most_directions=10)
    for n in range(100):
        plan.match_events([stretch(b"nee", uid=f"C{n}")])
    assert plan.forgotten == 90
    assert not plan.match_events([stretch(b"dle", uid="C5")])
    assert plan.match_events([stretch(b"dle", uid="C99")])


def test_datagrams_are_remembered_only_once_seen(make_rules: Callable[..., RuleSet]) -> None:
    rule = make_rules("s:\n  payload|contains: needle\ncondition: s", service="payload").rules[0]
    plan = PayloadPlan([(0, rule)], most_directions=1)
    needle = stretch(b"needle", uid="C1", proto="udp")
    others = [stretch(b"other", uid=f"D{n}", proto="udp") for n in range(9)]
    assert [place for place, _, _ in plan.match_events([others[0], needle, *others, needle])] == [1]
    assert not plan.match_events([needle]) and plan.forgotten == 0


def test_a_flood_of_needles(make_rules: Callable[..., RuleSet]) -> None:
    rules = make_rules("s:\n  payload|contains: abc\ncondition: s", service="payload")
    assert count(rules, [stretch(b"abc" * 100_000), stretch(b"abc", uid="C2")]) == 2


def test_evidence_shows_the_needle(make_rules: Callable[..., RuleSet]) -> None:
    rules = make_rules("s:\n  payload|contains: needle\ncondition: s", service="payload")
    [alert] = rules.match([stretch(b"\x00" * 4000 + b"needle\xff")])
    assert alert.fields["payload"].endswith("needle\\xff")
    assert len(alert.fields["payload"]) <= 512
