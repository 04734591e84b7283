"""The trigger of a rule: questions one of which must hold for the rule to be true. What indexes look for.

A conjunction is triggered by its most telling part, a disjunction by all its parts together. What holds
only by absence (null, not) triggers nothing; a rule without a trigger is asked of every event.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sentinel.rule.condition import And, Leaf, Node, Not
from sentinel.rule.literal import Literal, required_literals
from sentinel.rule.question import Boolean, Compare, Exists, Network, Null, Number, Text

__all__ = ["ANY_TEXT", "Trigger", "triggers_of"]

ANY_TEXT = "\0keywords"
"""Stands for the field of keywords, which is every field's text."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One thing to look for in one field."""

    field: str
    equal: tuple[str | int | float | bool, ...] = ()
    """The value is one of these (text in lower case)."""
    literal: Literal | None = None
    """The value holds this."""
    compare: Compare | None = None
    network: Network | None = None
    """None of the four: the field has a value."""
    worth: int = 0
    """The greater, the rarer it hits."""


def triggers_of(node: Node, field_of: Callable[[str], str]) -> tuple[Trigger, ...] | None:
    """The triggers of a condition, or None where it may hold on an event without any of them."""
    if isinstance(node, Leaf):
        return _of_leaf(node, field_of)
    if isinstance(node, Not):
        return None
    found = [triggers_of(part, field_of) for part in node.parts]
    if isinstance(node, And):
        usable = [triggers for triggers in found if triggers is not None]
        return max(usable, key=_worth) if usable else None
    union: dict[Trigger, None] = {}
    for triggers in found:
        if triggers is None:
            return None
        union.update(dict.fromkeys(triggers))
    return tuple(union)


def _worth(triggers: tuple[Trigger, ...]) -> tuple[int, int]:
    return min((trigger.worth for trigger in triggers), default=99), -len(triggers)


def _of_leaf(leaf: Leaf, field_of: Callable[[str], str]) -> tuple[Trigger, ...] | None:
    field = ANY_TEXT if leaf.field is None else field_of(leaf.field)
    question = leaf.question
    if isinstance(question, Null) or (isinstance(question, Exists) and not question.wanted):
        return None
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
    literals = required_literals(question)
    if literals is None:
        return (Trigger(field),)
    return tuple(Trigger(field, literal=one, worth=min(len(one.data), 12)) for one in literals)


def _same_text(text: str) -> tuple[str | int | float | bool, ...]:
    """The values whose text is `text`: itself, and the number or boolean that reads so."""
    for number in (int, float):
        try:
            if str(number(text)) == text:
                return (text, number(text))
        except (ValueError, OverflowError):
            pass
    return (text, text == "true") if text in ("true", "false") else (text,)
