"""The needs of a rule: what must hit, each in some field, for the rule to be true. What indexes look for.

A conjunction needs what its parts need, of which the most telling are kept; a disjunction needs one of what its
parts need. What holds only by absence (null, not) needs nothing; a rule without needs is asked of every event.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest

from sentinel.rule.condition import And, Leaf, Node, Not
from sentinel.rule.literal import Literal, required_literals
from sentinel.rule.question import Boolean, Compare, Exists, Network, Null, Number, Pattern, Text

__all__ = ["ANY_TEXT", "Need", "Trigger", "needs_of"]

ANY_TEXT = "\0keywords"
"""Stands for the field of keywords, which is every field's text."""
_MOST = 8
"""Needs of one part of a condition that are carried on."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One thing to look for in one field."""

    field: str
    equal: tuple[str | int | float | bool, ...] = ()
    """The value is one of these (text in lower case)."""
    literal: Literal | None = None
    """The value holds this."""
    pattern: Pattern | None = None
    """The value's text matches this."""
    foreign: bool = False
    """The value's text is not all ASCII."""
    compare: Compare | None = None
    network: Network | None = None
    """None of the six: the field has a value, or is there if it `exists`."""
    exists: bool = False
    worth: int = 0
    """The greater, the rarer it hits."""


Need = tuple[Trigger, ...]
"""One of these must hit."""


def needs_of(node: Node, field_of: Callable[[str], str]) -> tuple[Need, ...]:
    """The needs of a condition, all of which must be met, the most telling first; none where it may always hold."""
    if isinstance(node, Leaf):
        need = _of_leaf(node, field_of)
        return () if need is None else (need,)
    if isinstance(node, Not):
        return ()
    found = [needs_of(part, field_of) for part in node.parts]
    if isinstance(node, And):
        needs = dict.fromkeys(need for needs in found for need in needs)
        return tuple(sorted(needs, key=worth, reverse=True)[:_MOST])
    if not all(found):
        return ()
    return tuple(_one_of(ranked, found) for ranked in zip_longest(*found))


def _one_of(ranked: tuple[Need | None, ...], found: list[tuple[Need, ...]]) -> Need:
    """What is needed of a disjunction: of each part one need, its last where it has no more."""
    union: dict[Trigger, None] = {}
    for need, needs in zip(ranked, found, strict=True):
        union.update(dict.fromkeys(needs[-1] if need is None else need))
    return tuple(union)


def worth(need: Need) -> tuple[int, int]:
    return min((trigger.worth for trigger in need), default=99), -len(need)


def _of_leaf(leaf: Leaf, field_of: Callable[[str], str]) -> Need | None:
    field = ANY_TEXT if leaf.field is None else field_of(leaf.field)
    question = leaf.question
    if isinstance(question, Null):
        return None
    if isinstance(question, Exists):
        return (Trigger(field, exists=True),) if question.wanted else None
    if isinstance(question, Text) and question.literal is not None:
        text = question.literal.lower()
        return (Trigger(field, equal=_same_text(text), worth=min(len(text) // 2, 6)),)
    if isinstance(question, Number):
        return (Trigger(field, equal=(question.number, str(question.number)), worth=2),)
    if isinstance(question, Boolean):
        return (Trigger(field, equal=(question.value, str(question.value).lower()), worth=1),)
    if isinstance(question, Compare):
        return (Trigger(field, compare=question, worth=1),)
    if isinstance(question, Network):
        return (Trigger(field, network=question, worth=2),)
    if isinstance(question, (Text, Pattern)):
        return _of_text(field, question)
    return (Trigger(field),)


def _of_text(field: str, question: Text | Pattern) -> Need:
    literals = required_literals(question)
    if literals is not None:
        return tuple(Trigger(field, literal=one, worth=_worth(one)) for one in literals)
    if isinstance(question, Pattern):
        return (Trigger(field, pattern=question, worth=3),)
    if any(isinstance(part, str) and not part.lower().isascii() for part in question.parts):
        return (Trigger(field, foreign=True, worth=6),)
    return (Trigger(field),)


def _worth(literal: Literal) -> int:
    """Long texts are rare, but for those that a host logs all day."""
    text = literal.data.lower()
    return 0 if text in _EVERYDAY else min(len(text), 12)


_EVERYDAY = b"\n".join(
    (
        b'"c:\\windows\\system32\\',
        b'"c:\\program files (x86)\\',
        b"c:\\users\\",
        b"\\appdata\\local\\",
        b"\\appdata\\roaming\\",
        b"hklm\\software\\microsoft\\windows\\currentversion\\",
        b"hkcr\\software\\classes\\clsid\\",
        b"\\inprocserver32\\(default)",
        b"hkcu\\software\\microsoft\\windows nt\\currentversion\\",
        b"hklm\\system\\currentcontrolset\\services\\",
        b".exe ",
        b".dll ",
        b".tmp",
        b"http/1.1",
        b"https://www.",
        b"mozilla/5.0 (windows nt 10.0; win64; x64)",
    )
)
"""A text that is part of one of these says little."""


def _same_text(text: str) -> tuple[str | int | float | bool, ...]:
    """The values whose text is `text`: itself, and the number or boolean that reads so."""
    for number in (int, float):
        try:
            if str(number(text)) == text:
                return (text, number(text))
        except (ValueError, OverflowError):
            pass
    return (text, text == "true") if text in ("true", "false") else (text,)
