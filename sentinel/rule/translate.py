"""From pySigma's parsed condition to our condition tree."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)

from sentinel.rule.condition import And, Leaf, Node, Not, Or
from sentinel.rule.fault import DocumentFault
from sentinel.rule.placeholder import Placeholders, expanded, expanded_regex
from sentinel.rule.question import (
    Boolean,
    Compare,
    Exists,
    FieldReference,
    Network,
    Null,
    Number,
    Part,
    Pattern,
    Question,
    Text,
    TimePart,
)

__all__ = ["NotRunnable", "translate"]


class NotRunnable(DocumentFault):
    """A condition that we do not run."""

    def __init__(self, name: str, /, **values: object) -> None:
        super().__init__("detection", name, **values)


_REGEX_FLAGS = {
    SigmaRegularExpressionFlag.IGNORECASE: re.IGNORECASE,
    SigmaRegularExpressionFlag.MULTILINE: re.MULTILINE,
    SigmaRegularExpressionFlag.DOTALL: re.DOTALL,
}


def translate(condition: Any, placeholders: Placeholders | None = None) -> Node:
    """Translate a post-processed pySigma condition. Raises NotRunnable."""
    known = placeholders or {}
    if isinstance(condition, ConditionAND):
        return And(tuple(translate(part, known) for part in condition.args))
    if isinstance(condition, ConditionOR):
        return Or(tuple(translate(part, known) for part in condition.args))
    if isinstance(condition, ConditionNOT):
        return Not(translate(condition.args[0], known))
    if isinstance(condition, ConditionFieldEqualsValueExpression):
        return _each(condition.value, known, lambda value: Leaf(condition.field, _question(value)))
    if isinstance(condition, ConditionValueExpression):
        return _each(condition.value, known, _keyword)
    raise NotRunnable("condition-empty")


def _each(value: Any, placeholders: Placeholders, leaf: Callable[[Any], Node]) -> Node:
    """A leaf for a value, or a choice of leaves for what it stands for."""
    if isinstance(value, SigmaExpansion):
        return Or(tuple(_each(item, placeholders, leaf) for item in value.values))
    if isinstance(value, SigmaString) and value.contains_placeholder():
        values = expanded(value, placeholders)
        return leaf(values[0]) if len(values) == 1 else Or(tuple(leaf(one) for one in values))
    if isinstance(value, SigmaRegularExpression) and value.contains_placeholder():
        written = expanded_regex(value, placeholders)
        return leaf(SigmaRegularExpression(written, set(value.flags), policy=value.policy))
    return leaf(value)


def _keyword(value: Any) -> Leaf:
    if isinstance(value, SigmaNumber):
        value = SigmaString(str(value.number))
    if isinstance(value, SigmaString):
        text = _text(value)
        return Leaf(None, Text(_merged((None, *text.parts, None)), text.cased))
    if isinstance(value, SigmaRegularExpression):
        return Leaf(None, _question(value))
    raise NotRunnable("keyword-type", type=type(value).__name__.removeprefix("Sigma"))


def _question(value: Any) -> Question:
    if isinstance(value, SigmaString):
        return _text(value)
    if isinstance(value, SigmaBool):
        return Boolean(value.boolean)
    if isinstance(value, SigmaTimestampPart):
        return TimePart(value.timestamp_part.name.lower(), int(value.number))
    if isinstance(value, SigmaNumber):
        return Number(value.number)
    if isinstance(value, SigmaNull):
        return Null()
    if isinstance(value, SigmaRegularExpression):
        return _pattern(value)
    if isinstance(value, SigmaCIDRExpression):
        return Network(str(value.network))
    if isinstance(value, SigmaCompareExpression):
        return Compare(value.op.name.lower(), value.number.number)
    if isinstance(value, SigmaExists):
        return Exists(value.exists)
    if isinstance(value, SigmaFieldReference):
        return FieldReference(value.field, value.starts_with, value.ends_with)
    raise NotRunnable("value-type", type=type(value).__name__.removeprefix("Sigma"))


def _text(value: SigmaString) -> Text:
    parts: list[Part] = []
    for part in value.s:
        if isinstance(part, SpecialChars):
            parts.append(None if part is SpecialChars.WILDCARD_MULTI else True)
        else:
            parts.append(part)  # type: ignore[arg-type]  # placeholders are gone by now
    return Text(_merged(tuple(parts)), isinstance(value, SigmaCasedString))


def _merged(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Join neighbouring literals and neighbouring `*`."""
    merged: list[Part] = []
    for part in parts:
        last = merged[-1] if merged else True
        if isinstance(part, str) and isinstance(last, str):
            merged[-1] = last + part
        elif part is not None or last is not None or not merged:
            merged.append(part)
    return tuple(merged)


def _pattern(value: SigmaRegularExpression) -> Pattern:
    flags = 0
    for flag in value.flags:
        flags |= _REGEX_FLAGS[flag]
    regex = value.regexp.to_plain_regex()
    try:
        re.compile(regex, flags)
    except re.error as error:
        raise NotRunnable("regex", regex=regex, detail=error) from error
    return Pattern(regex, flags)
