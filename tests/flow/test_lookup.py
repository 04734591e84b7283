"""The hash table from keys to slots, against a dictionary."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.flow.lookup import find, insert, make_entries, peek, remove
from sentinel.flow.record import FLOW

FLOWS = 64
SIZE = len(make_entries(FLOWS))
MASK = np.uint64(SIZE - 1)


def hash_of(number: int) -> np.uint64:
    """Hashes that crowd around the end of the table, so that searches pass it; some differ in the upper half alone."""
    return np.uint64((number // 8) << 40 | (SIZE - 4 + number % 8))


def look(entries: Any, flows: Any, number: int) -> int:
    none = np.uint64(0)
    port = np.uint16(number)
    return int(
        find(
            entries, MASK, flows, hash_of(number),
            none, np.uint64(1), port, none, np.uint64(2), np.uint16(80),
            np.uint8(6), np.uint16(0),
        )
    )  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.integers(0, FLOWS - 1), max_size=300))
def test_finds_what_was_put_in_and_not_taken_out(steps: list[int]) -> None:
    entries = make_entries(FLOWS)
    flows = np.zeros(FLOWS, FLOW)
    held: set[int] = set()
    for number in steps:
        if number in held:
            remove(entries, hash_of(number), number)
            held.remove(number)
        else:
            record = flows[number]
            record["hash"], record["proto"] = hash_of(number), 6
            record["orig_lo"], record["resp_lo"], record["orig_port"], record["resp_port"] = 1, 2, number, 80
            insert(entries, hash_of(number), number)
            held.add(number)
    for number in range(FLOWS):
        assert look(entries, flows, number) == (number if number in held else -1)
        assert (int(peek(entries, MASK, hash_of(number))) >= 0) >= (number in held)
    assert np.count_nonzero(entries) == len(held)


def test_removing_what_is_not_there_changes_nothing() -> None:
    entries = make_entries(FLOWS)
    insert(entries, hash_of(3), 3)
    before = entries.copy()
    remove(entries, hash_of(11), 11)
    assert (entries == before).all()
