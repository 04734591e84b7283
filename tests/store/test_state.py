"""State under names: replaced whole, read in order."""

from __future__ import annotations

from pathlib import Path

from sentinel.store import StateStore, StoreWriter


async def test_saving_replaces_all_of_a_name_and_nothing_of_others(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        store = StateStore(writer)
        assert await store.load() == []
        await store.save({"a": [("s", b"1"), ("s", b"2")], "b": [("t", b"3")]})
        await store.save({"a": [("u", b"4")]})
        await store.save({})
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        assert await StateStore(writer).load() == [("a", "u", b"4"), ("b", "t", b"3")]
