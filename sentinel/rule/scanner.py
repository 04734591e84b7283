"""Hyperscan: which literals end where in a buffer that many values share, which expressions a value may match."""

from __future__ import annotations

import re
from collections.abc import Sequence

import hyperscan

from sentinel.rule.database import database_of
from sentinel.rule.literal import Literal, is_bytewise
from sentinel.rule.question import Pattern

__all__ = ["LiteralScanner", "PatternScanner", "TooManyHits"]


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
        return database_of(
            [_expression(literal.data) for literal in self.literals],
            [(0 if literal.cased else hyperscan.HS_FLAG_CASELESS) | extra for literal in self.literals],
        )

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


class PatternScanner:
    """Which regular expressions a value may match: Hyperscan's answer where it can give one, else yes.

    Hyperscan knows bytes only here, and reads what it cannot express more widely (`HS_FLAG_PREFILTER`), so it
    answers too often at times and never too seldom; for what Python understands differently it answers always.
    Of a text that is not all ASCII it is asked about those expressions alone that bytes mean the same to.
    """

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        numbered = list(enumerate(patterns))
        understood = [(number, pattern) for number, pattern in numbered if _understood(pattern)]
        self._in_ascii = _Some(understood, numbered)
        self._in_any = _Some([one for one in understood if is_bytewise(one[1])], numbered)

    def scan(self, text: str) -> Sequence[int]:
        """The numbers of the patterns that `text` may match."""
        if text.isascii() and not any(space in text for space in _ASCII_SPACES):
            return self._in_ascii.scan(text.encode())
        return self._in_any.scan(text.encode("utf-8", "surrogatepass"))


class _Some:
    """Some of several patterns in a database; the others may always match."""

    def __init__(self, asked: Sequence[tuple[int, Pattern]], every: Sequence[tuple[int, Pattern]]) -> None:
        self._numbers = [number for number, _ in asked]
        self._always = sorted({number for number, _ in every}.difference(self._numbers))
        self._database: hyperscan.Database | None = None
        if asked:
            self._database = database_of(
                [pattern.regex.encode() for _, pattern in asked], [_flags(pattern) for _, pattern in asked]
            )
            self._scratch = hyperscan.Scratch(self._database)

    def scan(self, data: bytes) -> list[int]:
        found = list(self._always)
        if self._database is not None:

            def on_match(number: int, start: int, end: int, flags: int, context: object) -> None:
                found.append(self._numbers[number])

            self._database.scan(data, match_event_handler=on_match, scratch=self._scratch)
        return found


_ASCII_SPACES = "\x1c\x1d\x1e\x1f"
"""White space for Python alone."""
_DIFFERENT = re.compile(r"\\Z|\[\[:|\{,|\\[uUN]|\(\?[aLux]")
"""What means something else to Hyperscan."""


def _understood(pattern: Pattern) -> bool:
    if not pattern.regex.isascii() or _DIFFERENT.search(pattern.regex):
        return False
    try:
        database_of([pattern.regex.encode()], [_flags(pattern)])
    except hyperscan.HyperscanError:
        return False
    return True


def _flags(pattern: Pattern) -> int:
    flags: int = hyperscan.HS_FLAG_PREFILTER | hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_ALLOWEMPTY
    for ours, theirs in (
        (re.IGNORECASE, hyperscan.HS_FLAG_CASELESS),
        (re.MULTILINE, hyperscan.HS_FLAG_MULTILINE),
        (re.DOTALL, hyperscan.HS_FLAG_DOTALL),
    ):
        if pattern.flags & ours:
            flags |= theirs
    return flags
