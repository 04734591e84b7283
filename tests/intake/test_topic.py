"""Topic filters as MQTT 5.0, section 4.7 has them."""

from __future__ import annotations

import pytest

from sentinel.intake.topic import is_filter, matched


@pytest.mark.parametrize(
    ("filter", "topic", "levels"),
    [
        ("room/a/t", "room/a/t", ()),
        ("room/+/t", "room/a/t", ("a",)),
        ("+/+", "/finance", ("", "finance")),
        ("room/+/#", "room/a/rack/3", ("a", "rack/3")),
        ("room/#", "room", ("",)),
        ("#", "room/a", ("room/a",)),
        ("$SYS/#", "$SYS/uptime", ("uptime",)),
        ("#", "$SYS/uptime", None),
        ("+/uptime", "$SYS/uptime", None),
        ("room/+", "room/a/t", None),
        ("room/+/t", "room/a", None),
        ("room/a", "room/A", None),
    ],
)
def test_what_wildcards_stand_for(filter: str, topic: str, levels: tuple[str, ...] | None) -> None:
    assert matched(filter, topic) == levels


@pytest.mark.parametrize("written", ["a", "+", "#", "a/+/b", "a/#", "/", "机房/+/温度"])
def test_filters(written: str) -> None:
    assert is_filter(written)


@pytest.mark.parametrize("written", ["", "a+", "a/b#", "#/a", "a/#/b", "a\0", "$share/g/a", "a" * 65536])
def test_what_is_no_filter(written: str) -> None:
    assert not is_filter(written)
