"""Hyperscan over one buffer that many values share: which literals end where."""

from __future__ import annotations

from collections.abc import Sequence

import hyperscan

from sentinel.rule.literal import Literal

__all__ = ["LiteralScanner", "TooManyHits"]


class TooManyHits(Exception):
    """A buffer so full of hits that reporting each would cost more than scanning value by value."""


class LiteralScanner:
    """A Hyperscan database of literals. `scan` reports every hit, `scan_each` each literal once.

    Reporting every hit lets one scan serve a whole batch of values; a sender who repeats a needle
    without end makes that dear, so `scan` gives up after `limit` hits and the caller scans each value.
    """

    def __init__(self, literals: Sequence[Literal]) -> None:
        self.literals = tuple(literals)
        self._every = self._compile(0)
        self._once: hyperscan.Database | None = None
        self._once_scratch: hyperscan.Scratch | None = None
        self._scratch = hyperscan.Scratch(self._every)

    def _compile(self, extra: int) -> hyperscan.Database:
        database = hyperscan.Database()
        database.compile(
            expressions=[_expression(literal.data) for literal in self.literals],
            ids=list(range(len(self.literals))),
            elements=len(self.literals),
            flags=[(0 if literal.cased else hyperscan.HS_FLAG_CASELESS) | extra for literal in self.literals],
        )
        return database

    def scan(self, buffer: bytes, limit: int) -> list[tuple[int, int]]:
        """All hits as (literal number, offset just behind it), by offset. Raises TooManyHits."""
        hits: list[tuple[int, int]] = []
        append = hits.append

        def on_match(number: int, start: int, end: int, flags: int, context: object) -> bool | None:
            append((number, end))
            return True if len(hits) > limit else None

        try:
            self._every.scan(buffer, match_event_handler=on_match, scratch=self._scratch)
        except hyperscan.ScanTerminated:
            raise TooManyHits from None
        return hits

    def scan_each(self, value: bytes) -> list[int]:
        """The numbers of the literals in `value`, each once."""
        if self._once is None:
            self._once = self._compile(hyperscan.HS_FLAG_SINGLEMATCH)
            self._once_scratch = hyperscan.Scratch(self._once)
        found: list[int] = []

        def on_match(number: int, start: int, end: int, flags: int, context: object) -> None:
            found.append(number)

        self._once.scan(value, match_event_handler=on_match, scratch=self._once_scratch)
        return found


def _expression(data: bytes) -> bytes:
    """A regex for exactly these bytes."""
    return b"".join(bytes((c,)) if chr(c).isalnum() and c < 128 else b"\\x%02x" % c for c in data)
