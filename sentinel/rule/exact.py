"""From a condition tree to one Python function that answers exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sentinel.network import Networks
from sentinel.rule.access import Access, Getter
from sentinel.rule.condition import And, Leaf, Node, Not, Or
from sentinel.rule.literal import required_literals
from sentinel.rule.question import (
    Exists,
    FieldReference,
    Network,
    Pattern,
    Test,
    Text,
    elementwise,
    text_equal,
)

__all__ = ["Holds", "holds"]

_LONG = 128
"""Characters of a text in which literals are sought before a regex is …"""
_FEW = 24
"""… if it has no more of them than this."""

Holds = Callable[[Any], bool]
"""Takes an event (or record), says whether a condition is true of it."""


def holds(node: Node, access: Access, field_of: Callable[[str], str]) -> Holds:
    """Build the function of a condition over what `access` reads; `field_of` gives fields' wire names."""
    if isinstance(node, Leaf):
        return _leaf(node, access, field_of)
    if isinstance(node, Not):
        part = holds(node.part, access, field_of)
        return lambda event: not part(event)
    if isinstance(node, And):
        return _all([holds(part, access, field_of) for part in node.parts])
    return _any(_disjuncts(node, access, field_of))


def _all(parts: Sequence[Holds]) -> Holds:
    if len(parts) == 1:
        return parts[0]

    def every(event: Any) -> bool:
        for part in parts:
            if not part(event):
                return False
        return True

    return every


def _any(parts: Sequence[Holds]) -> Holds:
    if len(parts) == 1:
        return parts[0]

    def some(event: Any) -> bool:
        for part in parts:
            if part(event):
                return True
        return False

    return some


def _leaf(leaf: Leaf, access: Access, field_of: Callable[[str], str]) -> Holds:
    question = leaf.question
    if leaf.field is None:
        return _on(access.keywords(), question.test())
    field = field_of(leaf.field)
    if isinstance(question, FieldReference):
        return _reference(access, field, field_of(question.field), question)
    read = access.presence(field) if isinstance(question, Exists) else access.getter(field)
    on_text: Callable[[str], bool] | None = None
    if isinstance(question, Pattern):
        on_text = _on_pattern(question)
    elif isinstance(question, (Text, Network)):
        on_text = question.on_text()
    if on_text is not None and read is not None:
        return _on_text(read, access.key(field), on_text)
    test = question.test()
    if read is None:
        constant = test(None)
        return lambda event: constant
    return _on(read, test)


def _on_pattern(pattern: Pattern) -> Callable[[str], bool]:
    """`pattern.on_text()`; in a long text its literals are sought first, which takes a tenth of the time."""
    search = pattern.on_text()
    literals = required_literals(pattern)
    if literals is None or len(literals) > _FEW:
        return search
    ascii = [one for one in literals if one.data.isascii()]  # no other stands in the texts that are asked
    cased = [one.data.decode() for one in ascii if one.cased]
    blind = [one.data.decode() for one in ascii if not one.cased]

    def test(text: str) -> bool:
        if len(text) < _LONG or not text.isascii():  # letters of other scripts may fold into ASCII
            return search(text)
        for literal in cased:
            if literal in text:
                return search(text)
        if blind:
            low = text.lower()
            for literal in blind:
                if literal in low:
                    return search(text)
        return False

    return test


def _on(read: Callable[[Any], Any], test: Test) -> Holds:
    return lambda event: test(read(event))


def _on_text(read: Getter, key: str | None, test: Callable[[str], bool]) -> Holds:
    """`_on(read, elementwise(test))`, with as few calls as can be: this is what is asked most."""
    other = elementwise(test)

    def of_mapping(record: Any) -> bool:
        value = record.get(key)
        return test(value) if value.__class__ is str else other(value)

    def of_event(event: Any) -> bool:
        value = read(event)
        return test(value) if value.__class__ is str else other(value)

    return of_event if key is None else of_mapping


def _reference(access: Access, field: str, other: str, question: FieldReference) -> Holds:
    left, right = access.getter(field), access.getter(other)
    if left is None or right is None:
        return lambda event: False
    starts, ends = question.starts, question.ends
    return lambda event: text_equal(left(event), right(event), starts, ends)


def _disjuncts(node: Or, access: Access, field_of: Callable[[str], str]) -> list[Holds]:
    """The parts of a disjunction, with all case-blind texts of one field asked in one go, and all its networks."""
    together: dict[str | None, list[Text]] = {}
    networks: dict[str, list[str]] = {}
    rest: list[Holds] = []
    for part in node.parts:
        if isinstance(part, Leaf) and _joins(part.question):
            field = None if part.field is None else field_of(part.field)
            together.setdefault(field, []).append(part.question)  # type: ignore[arg-type]
        elif isinstance(part, Leaf) and isinstance(part.question, Network) and part.field is not None:
            networks.setdefault(field_of(part.field), []).append(part.question.network)
        else:
            rest.append(holds(part, access, field_of))
    for field, prefixes in networks.items():
        read = access.getter(field)
        if read is not None:
            rest.append(_on_text(read, access.key(field), Networks.plain(prefixes).hold))
    for name, texts in together.items():
        read = access.keywords() if name is None else access.getter(name)
        if read is not None:
            rest.append(_on_text(read, None if name is None else access.key(name), _one_of(texts)))
    return rest


def _joins(question: Any) -> bool:
    return isinstance(question, Text) and not question.cased and question.parts != (None,)


def _one_of(texts: Sequence[Text]) -> Callable[[str], bool]:
    if len(texts) == 1 and (only := texts[0].on_text()) is not None:
        return only
    whole: set[str] = set()
    heads: list[str] = []
    tails: list[str] = []
    inside: list[str] = []
    others: list[Callable[[str], bool]] = []
    for text in texts:
        match tuple(part.lower() if isinstance(part, str) else part for part in text.parts):
            case ():
                whole.add("")
            case (str(literal),):
                whole.add(literal)
            case (str(literal), None):
                heads.append(literal)
            case (None, str(literal)):
                tails.append(literal)
            case (None, str(literal), None):
                inside.append(literal)
            case _:
                others.append(text.on_text() or _always)
    starts, ends = tuple(heads), tuple(tails)
    if not (whole or starts or inside or others):
        return lambda value: value.lower().endswith(ends)

    def test(value: str) -> bool:
        low = value.lower()
        if low in whole or low.startswith(starts) or low.endswith(ends):
            return True
        for literal in inside:  # a generator would cost more than what it asks
            if literal in low:
                return True
        for other in others:
            if other(value):
                return True
        return False

    return test


def _always(text: str) -> bool:
    return True
