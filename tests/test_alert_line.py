"""An alert in one glance: when, how bad, what, who to whom, and what to do first."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from sentinel.alert_line import alert_line
from sentinel.event import Alert, Level
from sentinel.text import use_language

ALERT = Alert(
    ts=1_700_000_000.0,
    id="a",
    level=Level.HIGH,
    title="主机送出命令行",
    title_en="Host hands out a shell",
    rule_id="r",
    kind="conn",
    src="10.0.0.1",
    src_port=4444,
    dst="2001:db8::1",
    dst_port=443,
    respond="立即断开该主机",
)


@pytest.fixture(autouse=True)
def _chinese_again() -> Iterator[None]:
    yield
    use_language("zh")


def test_the_first_line_tells_what_and_the_second_what_to_do() -> None:
    first, second = alert_line(ALERT).split("\n")
    assert first.endswith("高 主机送出命令行 10.0.0.1:4444 → [2001:db8::1]:443")
    assert second == "    处置:立即断开该主机"


def test_english_readers_get_the_english_title() -> None:
    use_language("en")
    first, second = alert_line(ALERT).split("\n")
    assert first.endswith("high Host hands out a shell 10.0.0.1:4444 → [2001:db8::1]:443")
    assert second == "    Do first: 立即断开该主机"


def test_a_rule_without_a_response_gives_one_line() -> None:
    alert = Alert(ts=0.0, id="a", level=Level.LOW, title="t", rule_id="r", kind="conn", respond=None)
    assert "\n" not in alert_line(alert)


def test_colour_marks_the_grade_alone() -> None:
    assert "\x1b[31m高\x1b[0m 主机" in alert_line(ALERT, colour=True)


def test_control_characters_are_shown_not_obeyed() -> None:
    alert = Alert(
        ts=0.0, id="a", level=Level.LOW, title="a\x1b[2Jb\n", rule_id="r", kind="conn", respond="c\rd"
    )
    assert "a\\x1b[2Jb\\n" in alert_line(alert)
    assert alert_line(alert).endswith("c\\rd")


def test_type_and_code_of_icmp_are_no_ports() -> None:
    alert = Alert(
        ts=0.0,
        id="a",
        level=Level.LOW,
        title="t",
        rule_id="r",
        kind="icmp",
        src="10.0.0.1",
        src_port=8,
        dst="10.0.0.2",
        dst_port=0,
    )
    assert alert_line(alert).endswith("t 10.0.0.1 → 10.0.0.2")


def test_a_drill_says_so_before_anything_else_of_the_alert() -> None:
    drill = msgspec.structs.replace(ALERT, drill=True)
    assert " 高 【演练】主机送出命令行 " in alert_line(drill)
    assert "演练" not in alert_line(ALERT)
    use_language("en")
    assert " [DRILL] Host hands out a shell " in alert_line(drill)
