"""The year that a BSD stamp leaves out, live and in files."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sentinel.intake.year import YearGuess


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("now", "stamp", "told"),
    [
        ("2025-01-01 00:00:02", ("Dec", 31, "23:59:59"), "2024-12-31 23:59:59"),
        ("2024-12-31 23:59:58", ("Jan", 1, "00:00:01"), "2025-01-01 00:00:01"),
        ("2025-06-01 00:00:00", ("Jun", 3, "12:00:00"), "2024-06-03 12:00:00"),
        ("2025-06-01 00:00:00", ("Jun", 2, "12:00:00"), "2025-06-02 12:00:00"),
        ("2024-03-01 00:00:00", ("Feb", 29, "23:59:59.5"), "2024-02-29 23:59:59.500"),
        ("2025-03-01 00:00:00", ("Feb", 29, "23:59:59"), "2024-02-29 23:59:59"),
    ],
)
def test_live_stamps_are_the_last_such_before_now(now: str, stamp: tuple[str, int, str], told: str) -> None:
    years = YearGuess(0.0, now=lambda: at(now))
    assert years.moment(*stamp, UTC) == at(told)


def test_a_file_over_the_turn_of_a_year_is_read_from_its_last_change() -> None:
    years = YearGuess(at("2025-01-02 00:00:00"))
    stamps = [
        ("Dec", 30, "10:00:00"),
        ("Dec", 31, "23:59:59"),
        ("Jan", 1, "00:00:00"),
        ("Jan", 1, "12:00:00"),
    ]
    told = [years.moment(*stamp, UTC) for stamp in stamps]
    assert told == [
        at(f"{day} {clock}")
        for day, (_, _, clock) in zip(
            ("2024-12-30", "2024-12-31", "2025-01-01", "2025-01-01"), stamps, strict=True
        )
    ]


@pytest.mark.parametrize(
    "stamp", [("Foo", 1, "00:00:00"), ("Feb", 30, "00:00:00"), ("Jan", 1, "25:00:00"), ("Jan", 0, "00:00:00")]
)
def test_what_is_no_stamp(stamp: tuple[str, int, str]) -> None:
    assert YearGuess(at("2025-01-02 00:00:00")).moment(*stamp, UTC) is None
