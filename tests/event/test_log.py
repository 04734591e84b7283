"""A log record keeps its source's field names and tells who is blamed under any of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sentinel.event import KINDS, Auth, Log
from sentinel.event.encode import EventEncoder


def log(**fields: Any) -> Log:
    return Log(ts=1.0, source="test", fields=fields)


def test_written_as_one_line_with_fields_nested_and_absent_parts_left_out() -> None:
    event = Log(
        ts=1588205199.5,
        product="windows",
        service="security",
        source="dc",
        host="dc01",
        fields={"EventID": 4625, "IpAddress": "10.0.0.9", "说明": "登录失败", "nested": {"a.b": [1, None]}},
    )
    encoder = EventEncoder()
    lines = encoder.encode([event, log(message="x")])["log"]
    first, second = (json.loads(line) for line in lines.splitlines())
    assert first == {
        "ts": 1588205199.5,
        "product": "windows",
        "service": "security",
        "source": "dc",
        "host": "dc01",
        "fields": {
            "EventID": 4625,
            "IpAddress": "10.0.0.9",
            "说明": "登录失败",
            "nested": {"a.b": [1, None]},
        },
    }
    assert second == {"ts": 1.0, "source": "test", "fields": {"message": "x"}}
    assert encoder.counts == {"log": 2}


def test_kinds_are_registered() -> None:
    assert KINDS["log"] is Log
    assert KINDS["auth"] is Auth


def test_fields_are_found_by_name_before_path() -> None:
    event = log(**{"a.b": 1, "a": {"b": 2, "c": {"d": 3}}})
    assert (event.field("a.b"), event.field("a.c.d"), event.field("a.x"), event.field("z.b")) == (
        1,
        3,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"src_ip": "10.0.0.1", "src_port": "443"}, ("10.0.0.1", 443)),
        ({"c-ip": "-", "IpAddress": "10.0.0.2", "IpPort": "-"}, ("10.0.0.2", None)),
        ({"sourceIPAddress": "1.2.3.4"}, ("1.2.3.4", None)),
        ({"source": {"ip": "10.0.0.3"}, "源IP": "10.0.0.4"}, ("10.0.0.3", None)),
        ({"src_ip": 7, "src_port": "70000"}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_originator(fields: dict[str, Any], found: tuple[str | None, int | None]) -> None:
    event = log(**fields)
    assert (event.orig_h, event.orig_p) == found


def test_responder_is_the_writer_where_the_record_names_none() -> None:
    event = Log(ts=1.0, source="s", host="web1", fields={"dst_port": 22})
    assert (event.resp_h, event.resp_p) == ("web1", 22)
    assert log(dst_ip="10.0.0.5").resp_h == "10.0.0.5"
