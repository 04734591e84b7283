"""How regular connections are, as RITA scores beacons (https://github.com/activecm/rita): every score is 0 … 1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean, median, pstdev
from typing import NamedTuple

__all__ = ["Regularity", "regularity"]

_BINS = 24


class Regularity(NamedTuple):
    """Scores, and the two numbers that a person understands at once."""

    score: float
    """Mean of the four below."""
    intervals: float
    """Symmetric and narrow intervals (Bowley skewness, median absolute deviation)."""
    sizes: float
    """The same for the bytes sent."""
    histogram: float
    """Connections spread evenly over the time, or over two levels of activity."""
    coverage: float
    """Share of the time that has connections."""
    interval: float
    """Median, in seconds."""
    variation: float
    """Coefficient of variation of the intervals."""


def regularity(times: Sequence[float], sizes: Sequence[float]) -> Regularity:
    """Score connections that began at `times` (seconds, any order) and sent `sizes` bytes. Needs at least four."""
    ordered = sorted(times)
    intervals = [after - before for before, after in pairwise(ordered)]
    counts = _histogram(ordered)
    mean = fmean(intervals)
    scores = (
        fmean((_symmetry(intervals), _narrowness(intervals))),
        fmean((_symmetry(sizes), _narrowness(sizes))),
        max(_evenness(counts), _two_levels(counts)),
        sum(map(bool, counts)) / len(counts),
    )
    variation = pstdev(intervals) / mean if mean else 0.0
    return Regularity(fmean(scores), *scores, median(intervals), variation)


def _symmetry(values: Sequence[float]) -> float:
    """1 less Bowley's skewness (Bowley 1901): quartiles at equal distances from the median."""
    ordered = sorted(values)
    last = len(ordered) - 1
    low, middle, high = (ordered[round(last * part)] for part in (0.25, 0.5, 0.75))
    if high == low or middle in (low, high):
        return 1.0
    return 1.0 - abs((low + high - 2 * middle) / (high - low))


def _narrowness(values: Sequence[float]) -> float:
    """1 less the median absolute deviation in terms of the median."""
    middle = median(values)
    if middle <= 0:
        return 0.0
    return max(0.0, 1.0 - median(abs(value - middle) for value in values) / middle)


def _histogram(ordered: Sequence[float]) -> list[int]:
    """Connections in each of equal parts of the time, no part shorter than the mean interval."""
    begin, span = ordered[0], ordered[-1] - ordered[0]
    bins = max(1, min(_BINS, len(ordered) // 2))
    counts = [0] * bins
    for when in ordered:
        counts[min(bins - 1, int((when - begin) / span * bins)) if span else 0] += 1
    return counts


def _evenness(counts: Sequence[int]) -> float:
    mean = fmean(counts)
    return max(0.0, 1.0 - pstdev(counts) / mean) if mean else 0.0


def _two_levels(counts: Sequence[int]) -> float:
    """Share of the parts whose count is one of the two most common ones."""
    return sum(number for _, number in Counter(counts).most_common(2)) / len(counts)
