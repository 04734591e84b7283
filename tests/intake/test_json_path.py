"""Paths into JSON: members, items, quoted names; what is not there is None; what is no path is refused."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel.intake.json_path import JsonPath, is_json_path

DOCUMENT: dict[str, Any] = {"data": {"t": 25.5, "rooms": [{"h": 60}]}, "a.b": False}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", DOCUMENT),
        ("$.data.t", 25.5),
        ("$.data.rooms[0].h", 60),
        ("$['a.b']", False),
        ("$.data.rooms[1].h", None),
        ("$.data.t.deeper", None),
        ("$[0]", None),
    ],
)
def test_the_value_there(path: str, value: Any) -> None:
    assert JsonPath(path).find(DOCUMENT) == value


@pytest.mark.parametrize("written", ["", "data", "$.", "$..a", "$.a[", "$.a[-1]", "$.a[*]", "$ .a", "$.a b"])
def test_what_is_no_path(written: str) -> None:
    assert not is_json_path(written)
