"""Payload rules: needles in the bytes of streams and datagrams, also where a needle spans two stretches.

One Hyperscan pass serves a batch; only stretches with a hit are looked at. What a direction has shown so
far is remembered, so a rule's parts may come one after another; a rule fires once for each direction of a
flow. The memory is bounded: the directions not seen longest are forgotten, and counted.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from sentinel.event import Alert, Payload, Stretches, field_attributes
from sentinel.rule.condition import And, Leaf, Node, Not, leaves
from sentinel.rule.evidence import alert_of
from sentinel.rule.literal import Literal, as_bytes, required_literals
from sentinel.rule.question import Pattern, Question, Text
from sentinel.rule.rule import Rule
from sentinel.rule.scanner import LiteralScanner, TooManyHits

__all__ = ["PayloadPlan", "announced"]

LONGEST_TAIL = 256
"""Bytes of a stretch kept for needles that span into the next."""
MOST_SEEN = 256
"""Leaves remembered as seen for one direction."""
_AROUND = 64
"""Bytes shown before a needle in an alert."""

_Find = Callable[[bytes, bool], int]
"""Where a question holds in the bytes (-1: nowhere); the flag says whether they begin the direction."""
_Holds = Callable[[Payload, frozenset[int]], bool]


class _Direction:
    """What one direction of one flow has shown so far."""

    __slots__ = ("fired", "seen")

    def __init__(self) -> None:
        self.seen: frozenset[int] = frozenset()
        self.fired: frozenset[int] = frozenset()


class _Compiled:
    """One payload rule: the questions about its bytes, and its condition over what was seen."""

    def __init__(self, rule: Rule, first_leaf: int) -> None:
        self.rule = rule
        self.finds: list[tuple[int, _Find]] = []
        self.literals: dict[Literal, None] = {}
        self.always = False
        """No literal announces it: it is asked of every stretch."""
        self._attributes = field_attributes(Payload)
        self._next = first_leaf
        self.holds = self._build(rule.condition)
        self._prepare()

    @property
    def next_leaf(self) -> int:
        return self._next

    def _prepare(self) -> None:
        asked = [leaf for leaf in leaves(self.rule.condition) if leaf.field in (None, "payload")]
        for leaf in asked:
            for literal in required_literals(leaf.question, binary=True) or ():
                self.literals[literal] = None
        self.always = not announced(self.rule.condition)

    def _build(self, node: Node) -> _Holds:
        if isinstance(node, Leaf):
            return self._leaf(node)
        if isinstance(node, Not):
            part = self._build(node.part)
            return lambda event, seen: not part(event, seen)
        parts = [self._build(part) for part in node.parts]
        if isinstance(node, And):
            return lambda event, seen: all(part(event, seen) for part in parts)
        return lambda event, seen: any(part(event, seen) for part in parts)

    def _leaf(self, leaf: Leaf) -> _Holds:
        name = leaf.field
        if name is None or name == "payload":
            find = _finder(leaf.question)
            if find is not None:
                number, self._next = self._next, self._next + 1
                self.finds.append((number, find))
                return lambda event, seen: number in seen
        test = leaf.question.test()
        attribute = self._attributes.get(name or "")
        if attribute is None:
            constant = test(None)
            return lambda event, seen: constant
        read = attrgetter(attribute)
        return lambda event, seen: test(read(event))


class PayloadPlan:
    """All payload rules, and the memory of the directions they watch."""

    def __init__(self, rules: Sequence[tuple[int, Rule]], most_directions: int = 65_536) -> None:
        self._rules: dict[int, _Compiled] = {}
        self._always: list[int] = []
        by_literal: dict[Literal, list[int]] = {}
        leaf = 0
        for number, rule in rules:
            compiled = self._rules[number] = _Compiled(rule, leaf)
            leaf = compiled.next_leaf
            for literal in compiled.literals:
                by_literal.setdefault(literal, []).append(number)
            if compiled.always:
                self._always.append(number)
        self._rules_of_literal = list(by_literal.values())
        self._scanner = LiteralScanner(list(by_literal)) if by_literal else None
        longest = max((len(literal.data) for literal in by_literal), default=1)
        self.tail = min(longest - 1, LONGEST_TAIL)
        """Last bytes of a stretch that must precede the next of its direction."""
        self._directions: OrderedDict[Hashable, _Direction] = OrderedDict()
        self._most = most_directions
        self._recital = Recital(self.tail, most_directions)
        self._forgotten = 0

    def succeed(self, former: PayloadPlan) -> None:
        """Take over the memory of `former`: what rules that are the same in both have seen and told."""
        before = {one.rule.id: (number, one) for number, one in former._rules.items()}
        numbers: dict[int, int] = {}
        leaves: dict[int, int] = {}
        for number, one in self._rules.items():
            old_number, old = before.get(one.rule.id, (-1, one))
            if old_number >= 0 and old.rule.condition == one.rule.condition:
                numbers[old_number] = number
                pairs = zip(old.finds, one.finds, strict=True)
                leaves.update((old_leaf, leaf) for (old_leaf, _), (leaf, _) in pairs)
        for key, known in former._directions.items():
            direction = _Direction()
            direction.seen = frozenset(leaves[leaf] for leaf in known.seen if leaf in leaves)
            direction.fired = frozenset(numbers[number] for number in known.fired if number in numbers)
            if direction.seen or direction.fired:
                self._directions[key] = direction
        self._forgotten += former._forgotten
        if self.tail == former.tail:
            self._recital = former._recital

    @property
    def forgotten(self) -> int:
        """Directions whose memory was given up for newer ones."""
        return self._forgotten + self._recital.forgotten

    def match_events(self, events: Sequence[Payload]) -> list[tuple[int, int, Alert]]:
        """The same for stretches that are events already."""
        return self.match(self._recital.of(events))

    def match(self, stretches: Stretches) -> list[tuple[int, int, Alert]]:
        """(stretch, rule number, alert) of every first match, in that order."""
        if not self._rules:
            return []
        hits = self._scan(stretches)
        found: list[tuple[int, int, Alert]] = []
        for place in range(len(stretches.ends)) if self._always else sorted(hits):
            key = stretches.key(place)
            if key is None:
                continue
            direction = self._directions.get(key) or _Direction()
            event = stretches.event(place)
            data = stretches.text[stretches.begins[place] : stretches.ends[place]]
            first = stretches.first(place)
            for number in sorted({*hits.get(place, ()), *self._always}):
                if number not in direction.fired:
                    alert = self._ask(self._rules[number], number, event, direction, data, first)
                    if alert is not None:
                        found.append((place, number, alert))
            if direction.seen or direction.fired:
                self._remember(key, direction)
        return found

    def _remember(self, key: Hashable, direction: _Direction) -> None:
        self._directions[key] = direction
        self._directions.move_to_end(key)
        if len(self._directions) > self._most:
            self._directions.popitem(last=False)
            self._forgotten += 1

    def _scan(self, stretches: Stretches) -> dict[int, set[int]]:
        hits: dict[int, set[int]] = {}
        begins, ends = stretches.begins, stretches.ends
        if self._scanner is None or not len(ends):
            return hits
        try:
            found = self._scanner.scan(stretches.text, limit=1000 + 8 * len(ends))
        except TooManyHits:
            for place, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
                for number in self._scanner.scan_each(stretches.text[begin:end]):
                    hits.setdefault(place, set()).update(self._rules_of_literal[number])
            return hits
        if found:
            places = np.searchsorted(ends, [end for _, end in found]).tolist()
            for place, (number, _) in zip(places, found, strict=True):
                hits.setdefault(place, set()).update(self._rules_of_literal[number])
        return hits

    def _ask(
        self,
        compiled: _Compiled,
        number: int,
        event: Payload,
        direction: _Direction,
        data: bytes,
        begins: bool,
    ) -> Alert | None:
        where = -1
        for leaf, find in compiled.finds:
            if leaf not in direction.seen:
                place = find(data, begins)
                if place >= 0 and len(direction.seen) < MOST_SEEN:
                    direction.seen |= {leaf}
                    where = place if where < 0 else min(where, place)
        if not compiled.holds(event, direction.seen):
            return None
        direction.fired |= {number}
        shown = data[max(0, where - _AROUND) :] if where >= 0 else data
        return alert_of(
            compiled.rule, event, once_per=f"payload|{event.uid}|{event.direction}", evidence=shown
        )


class Recital:
    """Payload events as `Stretches`: what the capture's transcript does for bytes on the wire."""

    def __init__(self, tail: int, most: int) -> None:
        self._tail = tail
        self._most = most
        self._tails: OrderedDict[Hashable, bytes] = OrderedDict()
        self._events: Sequence[Payload] = ()
        self._first: list[bool] = []
        self.forgotten = 0
        """Directions whose last bytes were given up for newer ones."""
        self.text = b""
        self.begins = self.ends = np.zeros(0, np.int64)

    def of(self, events: Sequence[Payload]) -> Recital:
        """Itself, holding these events until the next call."""
        self._events, self._first = events, []
        pieces: list[bytes] = []
        for event in events:
            data = event.payload
            former = self._tails.get(event.key) if event.proto == "tcp" else None
            self._first.append(former is None)
            if former:
                data = former + data
            if event.proto == "tcp":
                self._keep(event.key, data[-self._tail :] if self._tail else b"")
            pieces.append(data)
        self.text = b"".join(piece + b"\n" for piece in pieces)
        lengths = np.array([len(piece) for piece in pieces], np.int64)
        self.ends = np.cumsum(lengths + 1) - 1
        self.begins = self.ends - lengths
        return self

    def _keep(self, key: Hashable, tail: bytes) -> None:
        self._tails[key] = tail
        self._tails.move_to_end(key)
        if len(self._tails) > self._most:
            self._tails.popitem(last=False)
            self.forgotten += 1

    def first(self, number: int) -> bool:
        """See `Stretches`."""
        return self._first[number]

    def key(self, number: int) -> Hashable:
        """See `Stretches`."""
        return self._events[number].key

    def event(self, number: int) -> Payload:
        """See `Stretches`."""
        return self._events[number]


def announced(node: Node) -> bool:
    """Must one of the condition's payload literals have come for it to hold? Else it is asked of every stretch."""
    if isinstance(node, Leaf):
        on_bytes = node.field in (None, "payload")
        return on_bytes and required_literals(node.question, binary=True) is not None
    if isinstance(node, Not):
        return False
    quantifier = any if isinstance(node, And) else all
    return quantifier(announced(part) for part in node.parts)


def _finder(question: Question) -> _Find | None:
    """How to find in bytes what `question` asks; None for questions that are not about bytes."""
    if isinstance(question, Text):
        return _text_finder(question)
    if isinstance(question, Pattern):
        search = re.compile(question.regex.encode(), question.flags & ~re.UNICODE).search

        def find(data: bytes, begins: bool) -> int:
            match = search(data)
            return -1 if match is None else match.start()

        return find
    return None


def _text_finder(text: Text) -> _Find:
    parts = [as_bytes(part) if isinstance(part, str) else part for part in text.parts]
    if not text.cased:
        parts = [part.lower() if isinstance(part, bytes) else part for part in parts]
    fold: Callable[[bytes], bytes] = bytes if text.cased else bytes.lower
    if len(parts) == 3 and parts[0] is None and parts[2] is None and isinstance(parts[1], bytes):
        needle = parts[1]
        return lambda data, begins: fold(data).find(needle)
    anchored = not parts or parts[0] is not None
    match = re.compile(_expression(parts), re.DOTALL).fullmatch

    def find(data: bytes, begins: bool) -> int:
        if anchored and not begins:
            return -1
        return 0 if match(fold(data)) is not None else -1

    return find


def _expression(parts: Sequence[Any]) -> bytes:
    return b"".join(
        re.escape(part) if isinstance(part, bytes) else (b".*" if part is None else b".") for part in parts
    )
