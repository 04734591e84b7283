"""Positions in logs are found again, the last of each stream, and no more than a bounded number."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.store.position import PositionStore
from sentinel.store.writer import StoreWriter


async def test_the_last_position_of_each_stream_survives(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    async with StoreWriter(path) as writer:
        store = PositionStore(writer)
        assert await store.load() == {}
        await store.keep({("网站", "/a.log"): {"position": 1}, ("journal", "journal"): {"cursor": "x"}})
        await store.keep({("网站", "/a.log"): {"position": 2}})
    async with StoreWriter(path) as writer:
        assert await PositionStore(writer).load() == {
            ("网站", "/a.log"): {"position": 2},
            ("journal", "journal"): {"cursor": "x"},
        }


async def test_the_oldest_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentinel.store.position._MOST", 3)
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        store = PositionStore(writer)
        for number in range(5):
            await store.keep({("s", str(number)): {"position": number}})
        assert {stream for _, stream in await store.load()} == {"2", "3", "4"}
