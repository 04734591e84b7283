"""Windows against a slow, obvious oracle: every window is counted anew from all that ever came."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.rule.correlation.aggregate import Distinct, Mean, Order, Percentile, Presence, Sum
from sentinel.rule.correlation.window import CountWindow, EntryWindow, Terms, Window

SPAN, LATENESS = 10, 7
Came = list[tuple[int, Any]]


def terms(holds: Callable[[float], bool], aggregate: Any = Distinct, **given: Any) -> Terms:
    return Terms(SPAN, LATENESS, given.pop("most", 10_000), holds, aggregate, **given)


def oracle(came: Came, value: Callable[[Sequence[Any]], float], holds: Callable[[float], bool]) -> list[Any]:
    """For each arrival, the end of the first window that holds by it, or None."""
    known: Came = []
    told: list[Any] = []
    for t, entry in came:
        newest = max((one for one, _ in known), default=t)
        if t < newest - LATENESS:
            told.append(None)
            continue
        known.append((t, entry))
        known.sort(key=lambda one: one[0])
        ends = sorted({end for end, _ in known if t <= end <= t + SPAN})
        found = (end for end in ends if holds(value([e for at, e in known if end - SPAN <= at <= end])))
        told.append(next(found, None))
    return told


def ours(window: Window, came: Came, terms: Terms) -> list[Any]:
    return [None if held is None else held[0] for held in (window.add(t, e, terms) for t, e in came)]


def longest_chain(entries: Sequence[int]) -> int:
    """The longest row of different rules, each later than the one before it in the order of writing."""
    best = {-1: 0}
    for entry in entries:
        rules = [rule for rule in range(8) if entry >> rule & 1]
        new = {rule: 1 + max(length for last, length in best.items() if last < rule) for rule in rules}
        for rule, length in new.items():
            best[rule] = max(best.get(rule, 0), length)
    return max(best.values())


TIMES = st.integers(0, 60)
DISORDERED = st.lists(st.tuples(TIMES, st.integers(0, 3)), max_size=40).map(
    lambda came: [(t + 3 * place // 2, e) for place, (t, e) in enumerate(came)]
)
"""Times that grow on the whole, with events well before their predecessors, some too late."""


@given(DISORDERED, st.integers(1, 5))
def test_count(came: Came, needed: int) -> None:
    holds: Callable[[float], bool] = lambda value: value >= needed  # noqa: E731
    assert ours(CountWindow(), came, terms(holds)) == oracle(came, len, holds)


KINDS: dict[str, tuple[Any, Callable[[int], Any], Callable[[Sequence[Any]], float], dict[str, bool]]] = {
    "distinct": (
        Distinct,
        lambda n: (f"v{n}",),
        lambda entries: len({text for entry in entries for text in entry}),
        {"distinct": True},
    ),
    "sum": (Sum, lambda n: n * 0.1, lambda entries: sum(entries), {}),
    "whole sum": (Sum, lambda n: n, sum, {}),
    "mean": (Mean, lambda n: n, statistics.fmean, {}),
    "median": (lambda: Percentile(50), lambda n: n * n, statistics.median, {}),
    "temporal": (
        lambda: Presence(4, int.bit_count),
        lambda n: 1 << n,
        lambda entries: len(set(entries)),
        {"distinct": True},
    ),
    "ordered": (
        lambda: Order(4, lambda present, longest: longest),
        lambda n: 1 << n,
        longest_chain,
        {"ordered": True},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=150)
@given(DISORDERED, st.integers(1, 4))
def test_entries(kind: str, came: Came, needed: int) -> None:
    aggregate, entry, value, sort = KINDS[kind]
    entered = [(t, entry(n)) for t, n in came]
    limit = needed - 1e-9
    holds: Callable[[float], bool] = lambda value: value >= limit  # noqa: E731
    ends = ours(EntryWindow(aggregate()), entered, terms(holds, aggregate, **sort))
    assert ends == oracle(entered, value, holds)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=60), st.integers(2, 4))
def test_a_full_window_never_forgets_what_counts(kind: str, steps: Came, needed: int) -> None:
    """In order and with room for all that differs, thinning changes nothing of what tells rules or values apart."""
    aggregate, entry, value, sort = KINDS[kind]
    if not sort.get("distinct"):
        return
    t, came = 0, []
    for step, n in steps:
        t += step
        came.append((t, entry(n)))
    holds: Callable[[float], bool] = lambda value: value >= needed  # noqa: E731
    tight = Terms(SPAN, 0, 8, holds, aggregate, **sort)
    assert ours(EntryWindow(aggregate()), came, tight) == oracle(came, value, holds)
    assert tight.overfull == 0


def test_the_left_edge_is_exact_to_the_microsecond() -> None:
    holds: Callable[[float], bool] = lambda value: value >= 2  # noqa: E731
    sixty = Terms(60_000_000, 0, 100, holds, Distinct)
    for gap, expected in ((59_999_999, True), (60_000_000, True), (60_000_001, False)):
        window = CountWindow()
        window.add(1_000, None, sixty)
        assert (window.add(1_000 + gap, None, sixty) is not None) is expected


def test_memory_is_bounded_under_a_flood_of_one_group() -> None:
    never: Callable[[float], bool] = lambda value: False  # noqa: E731
    for window, entry in (
        (CountWindow(), None),
        (EntryWindow(Distinct()), None),
        (EntryWindow(Distinct()), "late"),
    ):
        few = Terms(SPAN * 1000, 0 if entry is None else 10**9, 50, never, Distinct, distinct=True)
        for n in range(5000):
            window.add(n if entry is None else 5000 - n, (f"v{n}",), few)
        assert len(window.times) <= 101
        assert few.overfull + few.late >= 4800


@pytest.mark.parametrize("window", [CountWindow(), EntryWindow(Distinct())])
def test_what_waits_for_late_matches_is_bounded_too(window: Window) -> None:
    few = Terms(10, 10**9, 50, lambda value: False, Distinct, distinct=True)
    for n in range(5000):
        window.add(n, ("v",), few)
        assert len(window.times) <= 101
    assert few.overfull > 4800


def test_sums_do_not_drift() -> None:
    total = Sum()
    for n in range(10_000):
        total.add(n, 0.1 * n)
        if n >= 10:
            total.remove(0.1 * (n - 10))
    for n in range(9990, 10_000):
        total.remove(0.1 * n)
    assert total.value(0) == 0


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (50, 2.5), (100, 4), (95, 3.85)])
def test_percentiles_are_interpolated(percent: float, expected: float) -> None:
    aggregate = Percentile(percent)
    for t, number in enumerate((4, 1, 3, 2)):
        aggregate.add(t, number)
    assert aggregate.value(0) == pytest.approx(expected)


@pytest.mark.parametrize("window", [CountWindow(), EntryWindow(Percentile(50))])
def test_a_late_match_is_judged_by_whole_windows(window: Window) -> None:
    """Two entries at one moment: no window ends between them."""
    one_or_high: Callable[[float], bool] = lambda value: value in (2, 4)  # noqa: E731
    few = terms(one_or_high, lambda: Percentile(50))
    for t, entry in ((53, 4), (53, 0), (53, 0)):
        window.add(t, entry, few)
    assert window.add(50, 0, few) == ((53, 4.0) if isinstance(window, CountWindow) else None)
