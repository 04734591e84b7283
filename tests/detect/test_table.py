"""The table: bounded, counts what it gives up, keeps what is in use and what weighs."""

from __future__ import annotations

import random

from sentinel.detect.table import Table


class Count:
    def __init__(self) -> None:
        self.weight = 0


def test_a_table_never_outgrows_its_limit_and_counts_what_goes() -> None:
    table: Table[int, Count] = Table(1000, Count)
    for key in range(100_000):
        table.at(key)
    assert len(table) <= 1000
    assert table.evicted == 100_000 - len(table)


def test_a_key_in_use_and_a_heavy_one_outlive_a_flood() -> None:
    table: Table[str, Count] = Table(1000, Count)
    for _ in range(20):
        table.at("heavy").weight += 1
    for number in range(50_000):
        table.at(f"stranger {number}").weight += 1
        if number % 300 == 0:
            table.at("in use").weight = 1
    heavy, used = table.find("heavy"), table.find("in use")
    assert heavy is not None and heavy.weight == 20
    assert used is not None
    assert len(table) <= 1000


def test_dropped_is_forgotten_in_either_generation() -> None:
    table: Table[int, Count] = Table(4, Count)
    random_keys = random.Random(1).sample(range(100), 4)
    for key in random_keys:
        table.at(key)
    for key in random_keys:
        table.drop(key)
        assert table.find(key) is None
    assert len(table) == 0
