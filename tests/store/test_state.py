"""State under names: replaced whole, read in order; alerts looked up for those who must not tell twice."""

from __future__ import annotations

from pathlib import Path

from sentinel.event import Alert, Level
from sentinel.store import AlertStore, StateStore, StoreWriter


def alert(number: int, rule: str = "r") -> Alert:
    return Alert(
        ts=float(number), id=f"{rule}{number}", level=Level.HIGH, title="x", rule_id=rule, kind="conn", fields={"n": number}
    )  # fmt: skip


async def test_saving_replaces_all_of_a_name_and_nothing_of_others(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        store = StateStore(writer)
        assert await store.load() == []
        await store.save({"a": [("s", b"1"), ("s", b"2")], "b": [("t", b"3")]})
        await store.save({"a": [("u", b"4")]})
        await store.save({})
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        assert await StateStore(writer).load() == [("a", "u", b"4"), ("b", "t", b"3")]


async def test_told_are_each_rules_alerts_since_its_own_time(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        await AlertStore(writer).add([alert(n, rule) for rule in "pqr" for n in (3, 1, 2)])
        told = await StateStore(writer).told({"p": 2.0, "q": 0.0, "none": 0.0})
    assert [(one.rule_id, one.ts, one.fields) for one in told] == [
        ("p", 2.0, {"n": 2}), ("p", 3.0, {"n": 3}), ("q", 1.0, {"n": 1}), ("q", 2.0, {"n": 2}), ("q", 3.0, {"n": 3}),
    ]  # fmt: skip
