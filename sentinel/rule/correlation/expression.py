"""When a correlation holds: bounds of a number, or a boolean expression over the rules of a temporal one."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from sentinel.rule.fault import DocumentFault

__all__ = [
    "Bounds",
    "Conjunction",
    "Disjunction",
    "Expression",
    "ExpressionError",
    "Member",
    "Negation",
    "members",
    "parse_expression",
]


class ExpressionError(DocumentFault):
    """A condition that cannot be understood."""

    def __init__(self, name: str, /, **values: object) -> None:
        super().__init__("condition", name, **values)


_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "eq": operator.eq,
    "neq": operator.ne,
}


class Bounds(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """`gt`, `gte`, `lt`, `lte`, `eq`, `neq` of a number, all of which must hold."""

    limits: tuple[tuple[str, int | float], ...]

    @classmethod
    def read(cls, condition: Mapping[str, Any]) -> Bounds:
        """The bounds among the keys of a `condition:`. Raises ExpressionError."""
        limits = []
        for name, value in condition.items():
            if name not in _OPERATORS:
                continue
            number = _number(value)
            if number is None:
                raise ExpressionError("bound-no-number", key=name, written=value)
            limits.append((name, number))
        if not limits:
            raise ExpressionError("bound-none", known=", ".join(_OPERATORS))
        return cls(tuple(limits))

    def test(self) -> Callable[[float], bool]:
        """Whether a number keeps to all the bounds."""
        checks = [(_OPERATORS[name], limit) for name, limit in self.limits]
        if len(checks) == 1:
            [(compare, limit)] = checks
            return lambda value: compare(value, limit)
        return lambda value: all(compare(value, limit) for compare, limit in checks)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = value if isinstance(value, int) else float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


class Member(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A rule of the correlation, by reference: it matched within the timespan."""

    rule: str


class Conjunction(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Every part holds."""

    parts: tuple[Expression, ...]


class Disjunction(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """One part holds."""

    parts: tuple[Expression, ...]


class Negation(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The part does not hold."""

    part: Expression


Expression = Member | Conjunction | Disjunction | Negation

_TOKEN = re.compile(r"[()]|[^\s()]+")
_DEEPEST = 64


def parse_expression(text: str) -> Expression:
    """Read `a and (b or not c)`: `not` binds closest, then `and`, then `or`. Raises ExpressionError."""
    parser = _Parser(_TOKEN.findall(text))
    expression = parser.either(0)
    if parser.next is not None:
        raise ExpressionError("expression-token", token=parser.next)
    return expression


def members(expression: Expression) -> Iterator[str]:
    """The rules named in an expression, in order, each as often as it is named."""
    if isinstance(expression, Member):
        yield expression.rule
    elif isinstance(expression, Negation):
        yield from members(expression.part)
    else:
        for part in expression.parts:
            yield from members(part)


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._place = 0

    @property
    def next(self) -> str | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def either(self, depth: int) -> Expression:
        parts = [self._both(depth)]
        while self._takes("or"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Disjunction(tuple(parts))

    def _both(self, depth: int) -> Expression:
        parts = [self._unary(depth)]
        while self._takes("and"):
            parts.append(self._unary(depth))
        return parts[0] if len(parts) == 1 else Conjunction(tuple(parts))

    def _unary(self, depth: int) -> Expression:
        if depth > _DEEPEST:
            raise ExpressionError("expression-deep", most=_DEEPEST)
        if self._takes("not"):
            return Negation(self._unary(depth + 1))
        if self._takes("("):
            inner = self.either(depth + 1)
            if not self._takes(")"):
                raise ExpressionError("expression-open")
            return inner
        token = self.next
        if token is None or token in (")", "and", "or"):
            raise ExpressionError("expression-no-rule", token=token or "")
        self._place += 1
        return Member(token)

    def _takes(self, token: str) -> bool:
        if self.next == token:
            self._place += 1
            return True
        return False
