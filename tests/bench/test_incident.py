"""A shorter form of `bench/incident.py`: sudden deaths lose no alert and double none."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parents[2] / "bench" / "incident.py"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_incident", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_killed_at_random_moments(bench: ModuleType, tmp_path: Path) -> None:
    assert bench.kill(tmp_path / "s.sqlite", 8) == []


def test_what_is_amiss_is_seen(bench: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    database = bench.open_database(path)
    database.execute(
        "INSERT INTO alert (id, ts, level, title, rule_id, kind, tags, fields, stored_at)"
        " VALUES ('a', 1, 'high', 'x', 'r', 'conn', '[]', '{}', 1)"
    )
    database.execute("INSERT INTO incident_account VALUES ('grouped', 0)")
    database.conn.close()
    assert "alerts in no incident: 1" in bench.amiss(path, 2)
