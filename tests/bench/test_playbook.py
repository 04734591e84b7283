"""A shorter form of `bench/playbook.py`: sudden deaths lose no step and repeat none that had ended."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parents[2] / "bench" / "playbook.py"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_playbook", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_killed_at_random_moments(bench: ModuleType, tmp_path: Path) -> None:
    killed, amiss = bench.kill(tmp_path, 10, runs=4, seed=7)
    assert killed == 10 and amiss == []


def test_what_is_amiss_is_seen(bench: ModuleType, tmp_path: Path) -> None:
    killed, amiss = bench.kill(tmp_path, 1, runs=2)
    assert killed == 1 and amiss == []
    place = tmp_path / "lot1"
    marks = place / "marks"
    marks.write_text(marks.read_text() + "r0 p/a0/a0 1.0\nr0 p/a0/a0 1.0\nr0 refused 1.0\nr9 x 1.0\n")
    assert len(bench.examine(place, 2)) == 3
