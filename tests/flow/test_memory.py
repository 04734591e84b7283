"""Arrays in huge pages."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from sentinel.flow.memory import zeros
from sentinel.flow.record import FLOW, LINE


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.parametrize("count", [0, 1, 100_000])
def test_zeroed_and_whole_lines(count: int) -> None:
    array = zeros(count, FLOW)
    assert len(array) == count
    assert not array["hash"].any()
    assert array.flags.writeable
    if array.nbytes >= 2 << 20:
        assert array.ctypes.data % LINE == 0


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
def test_memory_is_taken_as_it_is_touched() -> None:
    before = resident()
    array = zeros(256 << 20, np.uint8)
    array[: 4 << 20] = 1
    assert resident() - before < 16 << 20


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="needs Linux's /proc")
def test_asks_for_huge_pages() -> None:
    array = zeros(8 << 20, np.uint8)
    address = array.ctypes.data
    for entry in re.split(r"\n(?=[0-9a-f]+-)", Path("/proc/self/smaps").read_text()):
        start, end = (int(part, 16) for part in entry.split(" ", 1)[0].split("-"))
        if start <= address < end:
            flags = re.search(r"VmFlags:.*", entry)
            assert flags is not None
            if " hg" not in flags[0]:
                pytest.skip("a kernel without huge pages")
            return
    raise AssertionError("the array is nowhere in memory")
