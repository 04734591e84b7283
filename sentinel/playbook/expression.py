"""Conditions and values with variables in them, CACAO 2.0's way: `__name__:value`.

A condition is a STIX comparison expression (CACAO 2.0 section 4.9): `__count__:value >= 100 AND (…)`. Nothing is
evaluated but comparisons; a text from outside can never become more than a value.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from sentinel.playbook.fault import PlaybookError
from sentinel.playbook.secret import SECRET
from sentinel.text import Message

__all__ = ["Condition", "fill", "names_in"]

_REFERENCE = re.compile(r"__([A-Za-z][A-Za-z0-9_-]*?)__:value")
_TOKEN = re.compile(
    r"\s*(?:(?P<name>__[A-Za-z][A-Za-z0-9_-]*?__:value)|(?P<text>'(?:[^'\\]|\\.)*')|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<mark><=|>=|!=|==|=|<|>|\(|\)|,)|(?P<word>[A-Za-z]+))"
)
_LONGEST = 2000


def names_in(value: Any) -> set[str]:
    """Names of the variables that `value`, however nested, speaks of."""
    if isinstance(value, str):
        return set(_REFERENCE.findall(value))
    if isinstance(value, Mapping):
        return set().union(*map(names_in, value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*map(names_in, value)) if value else set()
    return set()


def fill(value: Any, variables: Mapping[str, Any]) -> Any:
    """`value` with variables in the place of their names; a text that is one name alone takes the value's type.

    What variables bring along is never a reference to a secret, however it is put together: its `${` becomes `$ {`.
    A stranger who wrote `${secret:token}` into a request that was alerted of must not have the token sent along.
    """
    if isinstance(value, str):
        if whole := _REFERENCE.fullmatch(value):
            return _defused(_value(whole[1], variables))
        filled = _REFERENCE.sub(lambda found: _written(_value(found[1], variables)), value)
        return _defused(filled, frozenset(SECRET.findall(value)))
    if isinstance(value, Mapping):
        return {key: fill(one, variables) for key, one in value.items()}
    if isinstance(value, list):
        return [fill(one, variables) for one in value]
    return value


def _value(name: str, variables: Mapping[str, Any]) -> Any:
    if name not in variables:
        raise PlaybookError(Message("playbook.no-variable", name=name))
    return variables[name]


def _defused(value: Any, own: frozenset[str] = frozenset()) -> Any:
    """`value` with no reference to a secret but those of `own`."""
    if isinstance(value, str):
        return SECRET.sub(lambda found: found[0] if found[1] in own else found[0].replace("${", "$ {"), value)
    if isinstance(value, Mapping):
        return {key: _defused(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_defused(one) for one in value]
    return value


def _written(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


class Condition:
    """A parsed condition. Raises PlaybookError where it is none."""

    def __init__(self, written: str) -> None:
        self.written = written
        self._tokens = _tokens(written)
        self._at = 0
        self._tree = self._or()
        if self._at != len(self._tokens):
            raise _wrong(written)

    def holds(self, variables: Mapping[str, Any]) -> bool:
        """Whether it holds. Values that cannot be compared (text with number) do not."""
        return _holds(self._tree, variables)

    def _or(self) -> Any:
        tree = self._and()
        while self._take("word", "OR"):
            tree = ("or", tree, self._and())
        return tree

    def _and(self) -> Any:
        tree = self._not()
        while self._take("word", "AND"):
            tree = ("and", tree, self._not())
        return tree

    def _not(self) -> Any:
        if self._take("word", "NOT"):
            return ("not", self._not())
        if self._take("mark", "("):
            tree = self._or()
            self._need(")")
            return tree
        return self._comparison()

    def _comparison(self) -> Any:
        left = self._operand()
        kind, word = self._next()
        if kind == "mark" and word in ("=", "==", "!=", "<", "<=", ">", ">="):
            return ("compare", word.replace("==", "="), left, self._operand())
        if (kind, word) == ("word", "ISSUBSET"):
            return ("subset", left, self._operand())
        if (kind, word) != ("word", "IN"):
            raise _wrong(self.written)
        self._need("(")
        values = [self._operand()]
        while self._take("mark", ","):
            values.append(self._operand())
        self._need(")")
        return ("in", left, values)

    def _operand(self) -> tuple[str, Any]:
        kind, word = self._next()
        if kind == "name":
            return ("name", word[2:-8])
        if kind == "text":
            return ("value", re.sub(r"\\(.)", r"\1", word[1:-1]))
        if kind == "number":
            return ("value", float(word) if "." in word else int(word))
        if kind == "word" and word in ("true", "false"):
            return ("value", word == "true")
        raise _wrong(self.written)

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise _wrong(self.written)
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, kind: str, word: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == (kind, word):
            self._at += 1
            return True
        return False

    def _need(self, mark: str) -> None:
        if not self._take("mark", mark):
            raise _wrong(self.written)


def _tokens(written: str) -> list[tuple[str, str]]:
    if len(written) > _LONGEST:
        raise _wrong(written[:40])
    tokens = []
    at, end = 0, len(written.rstrip())
    while at < end:
        found = _TOKEN.match(written, at)
        if found is None or found.lastgroup is None:
            raise _wrong(written)
        tokens.append((found.lastgroup, found[found.lastgroup]))
        at = found.end()
    return tokens


def _wrong(written: str) -> PlaybookError:
    return PlaybookError(Message("playbook.bad-condition", condition=written))


def _holds(tree: Any, variables: Mapping[str, Any]) -> bool:
    match tree:
        case ("or", left, right):
            return _holds(left, variables) or _holds(right, variables)
        case ("and", left, right):
            return _holds(left, variables) and _holds(right, variables)
        case ("not", one):
            return not _holds(one, variables)
        case ("in", left, values):
            return _of(left, variables) in [_of(value, variables) for value in values]
        case ("subset", left, right):
            return _within(_of(left, variables), _of(right, variables))
        case (_, mark, left, right):
            return _compares(mark, _of(left, variables), _of(right, variables))
    raise AssertionError(tree)


def _of(operand: tuple[str, Any], variables: Mapping[str, Any]) -> Any:
    """An operand's value; nothing at all counts as an empty text, as it does where texts are filled."""
    value = _value(operand[1], variables) if operand[0] == "name" else operand[1]
    return "" if value is None else value


def _compares(mark: str, left: Any, right: Any) -> bool:
    if mark in ("=", "!="):
        return bool((left == right) == (mark == "="))
    try:
        order = {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}
    except TypeError:
        return False
    return bool(order[mark])


def _within(address: Any, network: Any) -> bool:
    try:
        inner, outer = ipaddress.ip_network(address), ipaddress.ip_network(network)
        return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return False
