"""Placeholders: `%Administrators%` in a value with the `expand` modifier, and the site's list for it.

Sigma rules, "Placeholders": a name without a list refuses the rule.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence

from sigma.types import Placeholder, SigmaRegularExpression, SigmaString, SpecialChars

from sentinel.rule.fault import DocumentFault

__all__ = ["Placeholders", "expanded"]

Placeholders = Mapping[str, Sequence[str]]
"""What each name stands for: texts, or patterns with `*` and `?`."""

_MOST = 10_000
"""Values that one value may become."""


def expanded(value: SigmaString, placeholders: Placeholders) -> list[SigmaString]:
    """The values that `value` stands for; itself where it has no placeholder. Raises DocumentFault."""
    choices = [_choices(part, placeholders) for part in value.s]
    if math.prod(map(len, choices)) > _MOST:
        raise DocumentFault("detection", "placeholders-too-many", most=_MOST, value=value)
    made = []
    for parts in itertools.product(*choices):
        one = type(value)()
        one.s = [part for choice in parts for part in choice]
        made.append(one)
    return made


def expanded_regex(value: SigmaRegularExpression, placeholders: Placeholders) -> str:
    """A regex with the list's values as alternatives in it, taken literally but for `*` and `?`."""
    return "".join(
        f"(?:{'|'.join(_regex(choice) for choice in _choices(part, placeholders))})"
        if isinstance(part, Placeholder)
        else _written(part)
        for part in value.regexp.s
    )


def _choices(
    part: str | SpecialChars | Placeholder, placeholders: Placeholders
) -> list[list[str | SpecialChars]]:
    if not isinstance(part, Placeholder):
        return [[part]]
    values = placeholders.get(part.name)
    if not values:
        raise DocumentFault("detection", "placeholder-empty", name=part.name)
    return [
        [piece for piece in SigmaString(value).s if not isinstance(piece, Placeholder)] for value in values
    ]


def _regex(choice: Sequence[str | SpecialChars]) -> str:
    return "".join(
        re.escape(piece)
        if isinstance(piece, str)
        else (".*" if piece is SpecialChars.WILDCARD_MULTI else ".")
        for piece in choice
    )


def _written(part: str | SpecialChars) -> str:
    if isinstance(part, str):
        return part
    return "*" if part is SpecialChars.WILDCARD_MULTI else "?"
