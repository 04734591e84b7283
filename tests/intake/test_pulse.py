"""A sender's usual silence and its clock."""

from __future__ import annotations

import pytest

from sentinel.intake.pulse import Pulse


def beaten(every: float, number: int, silence: float = 0.0) -> Pulse:
    pulse = Pulse(silence)
    for count in range(number):
        pulse.beat(1000 + every * count)
    return pulse


def test_a_sender_of_which_little_is_known_is_never_silent() -> None:
    pulse = beaten(1, 5)
    assert pulse.patience is None and not pulse.fell_silent(1e9)


def test_silence_past_three_times_the_longest_is_told_once_and_its_end_too() -> None:
    pulse = beaten(100, 30)
    last = pulse.last
    assert pulse.patience == pytest.approx(300)
    assert not pulse.fell_silent(last + 299)
    assert pulse.fell_silent(last + 301) and not pulse.fell_silent(last + 400)
    assert pulse.beat(last + 500)
    assert not pulse.beat(last + 501)
    assert pulse.patience == pytest.approx(1500, rel=1e-3)


def test_a_busy_sender_has_a_minute() -> None:
    assert beaten(0.01, 1000).patience == 60


def test_a_fixed_silence_counts_from_the_first_message() -> None:
    pulse = beaten(1, 1, silence=5)
    assert pulse.fell_silent(1006)


def test_a_long_silence_is_forgotten_in_days() -> None:
    pulse = beaten(1, 30)
    pulse.beat(pulse.last + 36000)
    for hour in range(24 * 14):
        pulse.beat(pulse.last + 3600 * (hour >= 0))
    assert pulse.patience is not None and pulse.patience < 3 * 4500


def test_the_clock_is_the_median_of_the_last_records() -> None:
    pulse = Pulse()
    assert pulse.offset is None
    for offset in (3, 3, 100, 3, 4, -50, 3):
        pulse.clock(1000 + offset, 1000)
    assert pulse.offset == 3


@pytest.mark.parametrize(
    ("offsets", "shift"),
    [
        ([-28800.0] * 5, -28800),
        ([-28800 + 20, -28800 - 30, -28799, -28800, -28800], -28800),
        ([19800.0] * 5, 19800),
        ([-28800.0] * 4, 0),
        ([-28800.0] * 4 + [0.0], 0),
        ([700.0] * 9, 0),
        ([40 * 3600.0] * 9, 0),
    ],
)
def test_a_zone_read_wrong(offsets: list[float], shift: float) -> None:
    pulse = Pulse()
    for offset in offsets:
        pulse.clock(1e9 + offset, 1e9)
    assert pulse.zone_shift() == shift
    assert (pulse.offset is None) == (bool(shift) or len(offsets) < 5)
