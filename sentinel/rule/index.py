"""The index of one field: from a value to the marks of the rules whose needs it meets.

Marks are bits of one integer, so that rules are joined over fields by `|`. An index answers too often at times
and never too seldom; the rule itself is asked afterwards. Most values come again and again, so what a value
means is remembered for as long as that pays.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from sentinel.network import Networks
from sentinel.rule.literal import Literal
from sentinel.rule.question import Pattern, Test, as_text
from sentinel.rule.scanner import LiteralScanner, PatternScanner, TooManyHits
from sentinel.rule.trigger import Trigger

__all__ = ["FieldIndex", "Marks"]

Marks = int
"""Bit `n` is set where mark `n` is given."""

_REMEMBERED = 2048
"""Values whose marks are remembered; beyond it the memory starts anew."""
_LONGEST_REMEMBERED = 256
"""Characters of a value that is remembered."""
_TRIAL = 8192
"""Values after which it is judged whether remembering pays; if not, it is tried again after ten times as many."""
_HITS_A_VALUE = 8
"""Hits a value on average at which scanning the whole column at once stops paying."""


_FOLDED = (Literal("\u212a".encode(), cased=True), Literal("\u0130".encode(), cased=True))
"""The two non-ASCII letters whose lower case is ASCII, which Hyperscan does not know: a value with one is looked at
again in lower case."""


class FieldIndex:
    """All triggers of one field of one kind of event, each with the marks that it gives."""

    def __init__(self, triggers: Iterable[tuple[Trigger, Marks]]) -> None:
        equal: dict[Any, Marks] = {}
        literals: dict[Literal, Marks] = {}
        patterns: dict[Pattern, Marks] = {}
        self._present: Marks = 0
        self._foreign: Marks = 0
        self._compares: list[tuple[Test, Marks]] = []
        networks: list[tuple[str, Marks]] = []
        for trigger, marks in triggers:
            if trigger.equal:
                for value in trigger.equal:
                    equal[value] = equal.get(value, 0) | marks
            elif trigger.literal is not None:
                literals[trigger.literal] = literals.get(trigger.literal, 0) | marks
            elif trigger.pattern is not None:
                patterns[trigger.pattern] = patterns.get(trigger.pattern, 0) | marks
            elif trigger.compare is not None:
                self._compares.append((trigger.compare.test(), marks))
            elif trigger.network is not None:
                networks.append((trigger.network.network, marks))
            elif trigger.foreign:
                self._foreign |= marks
            else:
                self._present |= marks
        self._equal = equal
        self._networks = Networks(networks)
        self._literals = LiteralScanner([*literals, *_FOLDED]) if literals else None
        self._marks_of_literal = list(literals.values())
        self._patterns = PatternScanner(list(patterns)) if patterns else None
        self._marks_of_pattern = list(patterns.values())
        self._asks_text = bool(literals or patterns or networks or self._foreign)
        self._memory = _Memory()

    def marks(self, column: Sequence[Any]) -> list[Marks] | None:
        """The marks of each value of `column`; None where no value gives any."""
        try:
            found = list(map(self._memory.known.get, column))
        except TypeError:  # lists and mappings
            return self._of_items(column)
        if None in found:
            self._ask(column, found)
        return found if any(found) else None  # type: ignore[return-value]

    def marks_of_lines(self, lines: bytes, number: int) -> list[Marks] | None:
        """The marks of so many whole rows, each written as a line."""
        found = [self._present] * number
        if self._literals is not None:
            self._hit(self._literals, lines, None, found)
        return found if any(found) else None

    def _ask(self, column: Sequence[Any], found: list[Marks | None]) -> None:
        """Fill in what the memory did not know."""
        places = [place for place, marks in enumerate(found) if marks is None]
        values = [column[place] for place in places]
        marks = self._of_scalars(values)
        for place, one in zip(places, marks, strict=True):
            found[place] = one
        self._memory.learn(values, marks, len(column))

    def _of_items(self, column: Sequence[Any]) -> list[Marks] | None:
        """The marks of values that may hold others: a list gives what its items give, a mapping that it is there."""
        found = [0] * len(column)
        items: list[Any] = []
        places: list[int] = []
        for place, value in enumerate(column):
            if isinstance(value, (list, tuple)):
                found[place] = self._present
                items += value
                places += [place] * len(value)
            elif isinstance(value, dict):
                found[place] = self._present
            elif value is not None:
                items.append(value)
                places.append(place)
        given = self.marks(items)
        if given is not None:
            for place, marks in zip(places, given, strict=True):
                found[place] |= marks
        return found if any(found) else None

    def _of_scalars(self, values: Sequence[Any]) -> list[Marks]:
        found = [self._present] * len(values)
        if self._equal:
            get = self._equal.get
            for place, value in enumerate(values):
                found[place] |= get(value.lower() if value.__class__ is str else value, 0)
        for test, marks in self._compares:
            for place, value in enumerate(values):
                if test(value):
                    found[place] |= marks
        if self._asks_text:
            self._ask_texts(
                [value if value.__class__ is str else as_text(value) or "" for value in values], found
            )
        return found

    def _ask_texts(self, texts: Sequence[str], found: list[Marks]) -> None:
        """Add the marks of what is asked of values as texts."""
        if self._foreign:
            for place, text in enumerate(texts):
                if not text.isascii():
                    found[place] |= self._foreign
        if self._networks:
            for place, text in enumerate(texts):
                found[place] |= self._networks.bits(text)
        if self._literals is not None:
            self._scan(self._literals, texts, found)
        if self._patterns is not None:
            for place, text in enumerate(texts):
                for number in self._patterns.scan(text):
                    found[place] |= self._marks_of_pattern[number]

    def _scan(self, scanner: LiteralScanner, texts: Sequence[str], found: list[Marks]) -> None:
        joined = "\n".join(texts)
        if joined.isascii():
            self._hit(scanner, joined.encode(), texts, found)
        else:
            self._scan_bytes(scanner, [text.encode("utf-8", "surrogatepass") for text in texts], found)

    def _scan_bytes(self, scanner: LiteralScanner, values: Sequence[bytes], found: list[Marks]) -> None:
        self._hit(scanner, b"\n".join(values), values, found)

    def _hit(
        self,
        scanner: LiteralScanner,
        joined: bytes,
        values: Sequence[str] | Sequence[bytes] | None,
        found: list[Marks],
    ) -> None:
        """Give the marks of the literals in `joined` to the values in which they end; by default these are its lines."""
        hits: list[tuple[int, int]] | None
        try:
            hits = scanner.scan(joined, limit=1000 + _HITS_A_VALUE * len(found))
        except TooManyHits:
            hits = None
        if hits == []:
            return
        if values is None:
            values = joined.split(b"\n")
        ends = list(accumulate(len(value) + 1 for value in values))
        if hits is None:
            for place, (value, end) in enumerate(zip(values, ends, strict=True)):
                found[place] |= self._marks_in(scanner, joined[end - 1 - len(value) : end - 1])
            return
        marks_of = self._marks_of_literal
        ours = len(marks_of)
        start = stop = place = 0
        for number, end in hits:  # mostly in the order of ends
            if not start < end <= stop:
                place = bisect_right(ends, end - 1)
                start, stop = ends[place] - len(values[place]) - 1, ends[place]
            found[place] |= (
                marks_of[number] if number < ours else self._marks_in(scanner, joined[start : stop - 1])
            )

    def _marks_in(self, scanner: LiteralScanner, value: bytes) -> Marks:
        """The marks of one value by itself, as it is and with the letters in `_FOLDED` folded."""
        found = 0
        numbers = scanner.scan_each(value)
        if max(numbers, default=0) >= len(self._marks_of_literal):
            numbers += scanner.scan_each(
                value.decode("utf-8", "surrogatepass").lower().encode("utf-8", "surrogatepass")
            )
        for number in numbers:
            if number < len(self._marks_of_literal):
                found |= self._marks_of_literal[number]
        return found


class _Memory:
    """The marks of values met before."""

    def __init__(self) -> None:
        self.known: dict[str | None, Marks] = {None: 0}
        self._asked = 0
        self._missed = 0
        self._until = _TRIAL
        self._learning = True

    def learn(self, values: Sequence[Any], marks: Sequence[Marks], asked: int) -> None:
        """Remember the marks of `values`, which were not known among `asked`."""
        self._asked += asked
        self._missed += len(values)
        if self._learning:
            for value, one in zip(values, marks, strict=True):
                if value.__class__ is str and len(value) <= _LONGEST_REMEMBERED:
                    self.known[value] = one
            if len(self.known) > _REMEMBERED:
                self._forget()
        if self._asked >= self._until:
            self._judge()

    def _judge(self) -> None:
        self._learning = not self._learning or self._missed * 2 < self._asked
        self._until = _TRIAL if self._learning else 10 * _TRIAL
        self._asked = self._missed = 0
        if not self._learning:
            self._forget()

    def _forget(self) -> None:
        self.known.clear()
        self.known[None] = 0
