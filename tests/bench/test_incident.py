"""A shorter form of `bench/incident.py`: sudden deaths lose no alert and no message, and double none."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
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


def test_killed_at_random_moments(bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentinel.agent.can_capture", lambda: None)
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
    database = bench.open_database(path)
    database.execute(
        "INSERT INTO outbox (id, channel, made_at, priority, drill, content, next_at)"
        " VALUES ('m', 'group', 1, 4, 0, '{}', 1)"
    )
    database.conn.close()
    wrong = bench.amiss(path, 2, Counter(["n", "n"]))
    for fault in (
        "announced, not committed: 1",
        "alerts in no incident: 1",
        "messages that differ from the timeline: 1",
        "messages not delivered: 1",
        "messages that never came: 1",
        "messages of no change: 1",
    ):
        assert fault in wrong
