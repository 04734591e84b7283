"""Figures say what is wanted and whether it is reached."""

from __future__ import annotations

import json

import pytest

from bench.figure import Figure, as_json, as_table, of_json

FIGURES = [
    Figure("speed", 5.98, "Mpps", least=6),
    Figure("memory", 470, "MB", most=700, note="1 M flows"),
    Figure("  by the way", 0.1),
]


@pytest.mark.parametrize(
    ("value", "least", "most", "reached"),
    [
        (6, 6, None, True),
        (5.9, 6, None, False),
        (1, None, 1, True),
        (1.1, None, 1, False),
        (1, None, None, None),
    ],
)
def test_what_is_reached(value: float, least: float | None, most: float | None, reached: bool | None) -> None:
    assert Figure("x", value, least=least, most=most).reached is reached


def test_a_table_has_a_line_each() -> None:
    lines = as_table(FIGURES).splitlines()
    assert [line.split()[0] for line in lines] == ["figure", "speed", "memory", "by"]
    assert lines[1].endswith("NO")
    assert lines[2].endswith("yes  (1 M flows)")
    assert "≤ 700" in lines[2]
    assert lines[3].endswith("–")


def test_json_is_read_back() -> None:
    assert of_json(json.loads(json.dumps(as_json(FIGURES)))) == FIGURES
