"""What a detector has learnt, as bytes: kept by the store, so that a restart does not begin to learn anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

import msgspec

from sentinel.detect.table import Entry, Table

__all__ = ["Memory"]

_TOGETHER = 500
"""Entries encoded at once: whoever saves can let others have their turn in between."""

E = TypeVar("E", bound=Entry)
S = TypeVar("S")
_encode = msgspec.msgpack.Encoder().encode


class Memory(Generic[E, S]):
    """A table whose keys are a zone and an address, and which outlives the process."""

    def __init__(
        self,
        table: Table[tuple[str | None, str], E],
        written: type[S],
        write: Callable[[E], S],
        read: Callable[[S], E],
        version: str = "1",
    ) -> None:
        """`written` is what an entry is saved as, by `write`, and made of again, by `read`."""
        self._table = table
        self._write = write
        self._read = read
        pairs: Any = list.__class_getitem__(tuple.__class_getitem__((tuple[str | None, str], written)))
        self._decoder = msgspec.msgpack.Decoder(pairs)
        self.version = version
        """Bytes of another version are of no use."""

    @property
    def changed(self) -> bool:
        """Did anything happen since it was last saved?"""
        return self._table.changed

    @changed.setter
    def changed(self, changed: bool) -> None:
        self._table.changed = changed

    def save(self) -> Iterator[bytes]:
        """All entries, in parts. What comes meanwhile is saved the next time."""
        self._table.changed = False
        keys = [key for key, _ in self._table.items()]
        for begin in range(0, len(keys), _TOGETHER):
            found = ((key, self._table.find(key)) for key in keys[begin : begin + _TOGETHER])
            yield _encode([(key, self._write(entry)) for key, entry in found if entry is not None])

    def restore(self, parts: Iterable[bytes]) -> tuple[int, int]:
        """Take up what was saved. How many entries came back, and how many parts could not be read."""
        restored = damaged = 0
        for part in parts:
            try:
                entries = [(key, self._read(saved)) for key, saved in self._decoder.decode(part)]
            except (msgspec.MsgspecError, ValueError, TypeError, OverflowError):
                damaged += 1
                continue
            for key, entry in entries:
                self._table.put(key, entry)
            restored += len(entries)
        self._table.changed = False
        return restored, damaged
