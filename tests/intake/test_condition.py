"""Fields by their names, by dots and by paths; values that fit in any case, with wildcards, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel.intake.condition import holds_for, nested

RECORD = {"a": {"b": {"c": 1}}, "a.x": 2, "list": [{"ip": "10.0.0.1"}], "t": {"$date": "now"}, "$odd": 3}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a.b.c", 1),
        ("a.x", 2),
        ("$.list[0].ip", "10.0.0.1"),
        ("$['a.x']", 2),
        ("t.$date", "now"),
        ("t.$when", None),
        ("$odd", 3),
        ("$even", None),
        ("list.ip", None),
        ("$.list[7].ip", None),
    ],
)
def test_names_and_paths(name: str, value: Any) -> None:
    assert nested(RECORD, name) == value


@pytest.mark.parametrize(
    ("wanted", "value", "fits"),
    [
        ("Deny", "deny", True),
        ("*deny*", "POLICYDENY(l)", True),
        ("pol*", "POLICYDENY", True),
        ("*y", "deny", True),
        ("*", None, False),
        (None, None, True),
        ([1, 2], "2", True),
        ("x", ["a", "X"], True),
        (True, "true", True),
        ("deny", "denied", False),
    ],
)
def test_values(wanted: Any, value: Any, fits: bool) -> None:
    record = {} if value is None else {"f": value}
    assert holds_for({"f": wanted})(record) is fits
