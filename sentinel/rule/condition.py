"""The condition tree of a rule: and, or, not over leaves; a leaf asks one question about one field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sentinel.rule.question import Question

__all__ = ["And", "Leaf", "Node", "Not", "Or", "leaves"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One question about one field; `field` None is a keyword: any field's text may hold it."""

    field: str | None
    question: Question


@dataclass(frozen=True, slots=True)
class And:
    """True when every part is."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True when some part is."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True when its part is not."""

    part: Node


Node = And | Or | Not | Leaf


def leaves(node: Node) -> Iterator[Leaf]:
    """All leaves of a tree, in the order of writing."""
    if isinstance(node, Leaf):
        yield node
    elif isinstance(node, Not):
        yield from leaves(node.part)
    else:
        for part in node.parts:
            yield from leaves(part)
