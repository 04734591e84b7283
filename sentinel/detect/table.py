"""The table: a bounded memory by key that forgets the idle and the slight first."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Generic, Protocol, TypeVar

__all__ = ["Entry", "Table"]


class Entry(Protocol):
    """What a table holds."""

    @property
    def weight(self) -> int:
        """How much was found so far; 0 or 1 for what was seen once."""


K = TypeVar("K", bound=Hashable)
E = TypeVar("E", bound=Entry)


class Table(Generic[K, E]):
    """At most `limit` entries, made by `make` when first asked for.

    Two generations: what is asked for moves to the young one; when that has filled half the table, the old
    one is given up but for its heaviest entries (an eighth of the table at most), and the young one is the
    old one from then on. So a flood of new keys pushes out other slight ones, and neither a key that is
    asked for again meanwhile nor one that has gathered evidence. Every step is O(1), amortised.
    """

    def __init__(self, limit: int, make: Callable[[], E]) -> None:
        self._half = max(1, limit // 2)
        self._kept = max(1, limit // 8)
        self._make = make
        self._young: dict[K, E] = {}
        self._old: dict[K, E] = {}
        self.evicted = 0
        """Entries given up so far because the table was full."""
        self.changed = False
        """Was any entry asked for, to be added to, since someone last set this to false?"""

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def at(self, key: K) -> E:
        """The entry of `key`, made where there is none."""
        self.changed = True
        entry = self._young.get(key)
        if entry is None:
            entry = self._old.pop(key, None) or self._make()
            self.put(key, entry)
        return entry

    def put(self, key: K, entry: E) -> None:
        """Have `key` stand for `entry`, as if it had just been asked for."""
        if len(self._young) >= self._half:
            self._turn()
        self._young[key] = entry

    def find(self, key: K) -> E | None:
        """The entry of `key` where there is one. Asking keeps nothing alive."""
        entry = self._young.get(key)
        return self._old.get(key) if entry is None else entry

    def drop(self, key: K) -> None:
        """Forget `key`."""
        if self._young.pop(key, None) is None:
            self._old.pop(key, None)

    def items(self) -> Iterator[tuple[K, E]]:
        """All keys and entries."""
        yield from self._old.items()
        yield from self._young.items()

    def _turn(self) -> None:
        heavy = [(key, entry) for key, entry in self._old.items() if entry.weight > 1]
        if len(heavy) > self._kept:
            heavy.sort(key=lambda item: item[1].weight, reverse=True)
            del heavy[self._kept :]
        self.evicted += len(self._old) - len(heavy)
        self._old = self._young
        self._young = dict(heavy)
