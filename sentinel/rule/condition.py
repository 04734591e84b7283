"""The condition tree of a rule: and, or, not over leaves; a leaf asks one question about one field."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sentinel.rule.question import Question

__all__ = ["And", "Leaf", "Node", "Not", "Or", "leaves"]


class Leaf(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """One question about one field; `field` None is a keyword: any field's text may hold it."""

    field: str | None
    question: Question


class And(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """True when every part is."""

    parts: tuple[Node, ...]


class Or(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """True when some part is."""

    parts: tuple[Node, ...]


class Not(msgspec.Struct, frozen=True, tag=True, array_like=True):
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
