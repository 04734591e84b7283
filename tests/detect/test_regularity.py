"""Scores of regularity."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.detect.regularity import regularity


def test_a_clock_is_perfect() -> None:
    found = regularity([60.0 * number for number in range(48)], [200.0] * 48)
    assert found.score == pytest.approx(1.0)
    assert (found.interval, found.variation) == (60.0, 0.0)


def test_jitter_costs_little_and_chance_much() -> None:
    chance = random.Random(7)
    jittered = [60 * number + chance.uniform(-12, 12) for number in range(100)]
    assert regularity(jittered, [200.0] * 100).score > 0.85
    when, people = 0.0, []
    for _ in range(100):
        when += chance.expovariate(1 / 60) if chance.random() < 0.9 else 3600
        people.append(when)
    assert regularity(people, [chance.paretovariate(1) * 500 for _ in range(100)]).score < 0.7


@given(
    st.lists(st.floats(0, 1e6), min_size=4, max_size=60),
    st.lists(st.floats(0, 1e9), min_size=4, max_size=60),
)
def test_scores_are_shares(times: list[float], sizes: list[float]) -> None:
    found = regularity(times, sizes)
    for share in (found.score, found.intervals, found.sizes, found.histogram, found.coverage):
        assert 0.0 <= share <= 1.0 + 1e-9


def test_the_order_of_times_does_not_matter() -> None:
    times = [1.0, 5.0, 9.0, 14.0, 20.0]
    assert regularity(times, times) == regularity(times[::-1], times[::-1])
