"""Kept databases are the same databases, and nothing bad that lies there is believed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hyperscan
import pytest

from sentinel.rule import database as database_module
from sentinel.rule.database import database_of

EXPRESSIONS = [b"needle", b"pin[0-9]+", b"x"]
FLAGS = [hyperscan.HS_FLAG_CASELESS, 0, 0]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SENTINEL_RULE_CACHE", str(tmp_path))
    monkeypatch.setattr(database_module, "_WORTH_KEEPING", 0.0)
    yield tmp_path / "hyperscan"
    database_module._folder.cache_clear()


def found(database: hyperscan.Database) -> list[tuple[int, int]]:
    hits: list[tuple[int, int]] = []
    database.scan(
        b"a NEEDLE and pin7",
        match_event_handler=lambda number, start, end, flags, context: hits.append((number, end)),
        scratch=hyperscan.Scratch(database),
    )
    return hits


def test_a_kept_database_finds_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = found(database_of(EXPRESSIONS, FLAGS))
    assert first == [(0, 8), (1, 17)]
    [kept] = folder.iterdir()
    monkeypatch.setattr(database_module, "_keep", lambda path, database: pytest.fail("compiled again"))
    assert found(database_of(EXPRESSIONS, FLAGS)) == first
    assert kept.exists()


def test_other_flags_are_another_database(folder: Path) -> None:
    database_of(EXPRESSIONS, FLAGS)
    assert found(database_of(EXPRESSIONS, [0, 0, 0])) == [(1, 17)]
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("damage", ["short", "flipped", "made up"])
def test_a_damaged_one_is_compiled_again(folder: Path, damage: str) -> None:
    database_of(EXPRESSIONS, FLAGS)
    [kept] = folder.iterdir()
    whole = kept.read_bytes()
    bad = {
        "short": whole[:90],
        "flipped": whole[:99] + bytes([whole[99] ^ 1]) + whole[100:],
        "made up": b"x" * 99,
    }
    kept.write_bytes(bad[damage])
    assert found(database_of(EXPRESSIONS, FLAGS)) == [(0, 8), (1, 17)]
    assert kept.read_bytes() == whole


def test_a_full_disk_stops_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(database_module.tempfile, "mkstemp", full)
    assert found(database_of(EXPRESSIONS, FLAGS)) == [(0, 8), (1, 17)]


def test_what_cannot_be_compiled_is_said() -> None:
    with pytest.raises(hyperscan.HyperscanError):
        database_of([b"("], [0])
