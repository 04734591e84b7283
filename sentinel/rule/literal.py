"""Which literal bytes a value must hold for a text or regex question to be true: what Hyperscan looks for.

A literal is a necessary condition only. Text with non-ASCII letters that have case is cut at those
letters, since Hyperscan folds ASCII alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any

from sentinel.rule.question import Pattern, Question, Text

__all__ = ["SHORTEST", "Literal", "as_bytes", "is_bytewise", "required_literals"]

SHORTEST = 2
"""Bytes. A single byte hits too often to narrow anything; such questions are asked of every value."""
LONGEST = 128
"""Bytes of a literal that are worth looking for."""
MOST = 64
"""Alternatives of one question; a regex with more is asked of every value."""


@dataclass(frozen=True, slots=True)
class Literal:
    """Bytes to look for."""

    data: bytes
    """Lower case unless `cased`."""
    cased: bool


def required_literals(question: Question, binary: bool = False) -> tuple[Literal, ...] | None:
    """One of these is in every value for which `question` holds; None where nothing can be said.

    `binary`: the value is bytes, and a regex's `\\xhh` is a byte.
    """
    if isinstance(question, Text):
        found = _longest([part for part in question.parts if isinstance(part, str)], question.cased)
        return None if found is None else (found,)
    if isinstance(question, Pattern):
        return _regex_literals(question, binary)
    return None


def is_bytewise(pattern: Pattern) -> bool:
    """Does a regex match the same stretches of a text and of its UTF-8?

    So it is where all it can match is ASCII, said by letters and ranges alone: what stands for any character, for
    all but some, or for a class of Unicode's, and what folds case, may match one character of several bytes.
    """
    try:
        tree = sre_parser.parse(pattern.regex, pattern.flags)
    except (re.error, RecursionError, OverflowError):
        return False
    flags = pattern.flags | tree.state.flags
    return not flags & (re.IGNORECASE | re.VERBOSE | re.LOCALE) and _all_ascii(list(tree))


def _all_ascii(items: list[Any]) -> bool:
    for operator, argument in items:
        if operator is sre.LITERAL:
            fine = argument < 128
        elif operator is sre.IN:
            fine = all(
                (op is sre.LITERAL and value < 128) or (op is sre.RANGE and value[1] < 128)
                for op, value in argument
            )
        elif operator is sre.SUBPATTERN:
            fine = not argument[1] and not argument[2] and _all_ascii(list(argument[3]))
        elif operator is sre.BRANCH:
            fine = all(_all_ascii(list(branch)) for branch in argument[1])
        elif operator in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            fine = _all_ascii(list(argument[2]))
        else:
            fine = operator is sre.AT and argument in (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING)
        if not fine:
            return False
    return True


def as_bytes(text: str) -> bytes:
    """UTF-8; bytes that an encoding modifier (`wide`) wrote as surrogates (PEP 383) as themselves."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _longest(texts: list[str], cased: bool) -> Literal | None:
    best = b""
    for text in texts:
        for piece in _safe_pieces(text, cased):
            data = as_bytes(piece)
            if len(data) > len(best):
                best = data
    if len(best) < SHORTEST:
        return None
    best = best[:LONGEST]
    return Literal(best if cased else best.lower(), cased)


def _safe_pieces(text: str, cased: bool) -> list[str]:
    if cased or text.isascii():
        return [text]
    marked = "".join(c if c.isascii() or c.lower() == c.upper() else "\0" for c in text)
    return marked.split("\0")


def _regex_literals(pattern: Pattern, binary: bool) -> tuple[Literal, ...] | None:
    try:
        source: str | bytes = pattern.regex.encode() if binary else pattern.regex
        tree = sre_parser.parse(source, pattern.flags)
    except (re.error, RecursionError, OverflowError):
        return None
    folded = bool((pattern.flags | tree.state.flags) & re.IGNORECASE)
    if (pattern.flags | tree.state.flags) & re.VERBOSE:
        return None
    found = _of_sequence(list(tree), folded, binary)
    if found is None or len(found) > MOST:
        return None
    return tuple(sorted(found, key=lambda literal: literal.data))


def _of_sequence(items: list[Any], folded: bool, binary: bool) -> set[Literal] | None:
    """The best set over the parts of a sequence, all of which must be there."""
    best: set[Literal] | None = None
    run: list[int] = []

    def consider(candidate: set[Literal] | None) -> None:
        nonlocal best
        if candidate and (best is None or _worth(candidate) > _worth(best)):
            best = candidate

    def flush() -> None:
        if run:
            consider(_literal_of(run, folded, binary))
            run.clear()

    for operator, argument in items:
        if operator is sre.LITERAL:
            run.append(argument)
        elif operator is sre.SUBPATTERN and not argument[1] and not argument[2]:
            inner = list(argument[3])
            if inner and all(op is sre.LITERAL for op, _ in inner):
                run.extend(value for _, value in inner)
            else:  # what stands right before a group belongs to it
                prefix = [(sre.LITERAL, code) for code in run]
                flush()
                consider(_of_sequence(prefix + inner, folded, binary))
        elif operator is sre.AT:
            flush()
        elif operator is sre.BRANCH:  # what stands right before belongs to every branch
            prefix = [(sre.LITERAL, code) for code in run]
            flush()
            consider(_of_branches([prefix + list(branch) for branch in argument[1]], folded, binary))
        else:
            flush()
            consider(_of_part(operator, argument, folded, binary))
    flush()
    return best


def _of_branches(branches: list[list[Any]], folded: bool, binary: bool) -> set[Literal] | None:
    union: set[Literal] = set()
    for branch in branches:
        found = _of_sequence(branch, folded, binary)
        if found is None or len(union) > MOST:
            return None
        union |= found
    return union


def _of_part(operator: Any, argument: Any, folded: bool, binary: bool) -> set[Literal] | None:
    if operator in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        least, _, inner = argument
        return _of_sequence(list(inner), folded, binary) if least >= 1 else None
    if operator is sre.ATOMIC_GROUP:
        return _of_sequence(list(argument), folded, binary)
    return None


def _literal_of(codes: list[int], folded: bool, binary: bool) -> set[Literal] | None:
    if binary:
        data = bytes(codes)
        if len(data) < SHORTEST:
            return None
        data = data[:LONGEST]
        return {Literal(data.lower() if folded else data, not folded)}
    found = _longest(["".join(map(chr, codes))], cased=not folded)
    return None if found is None else {found}


def _worth(literals: set[Literal]) -> tuple[int, int]:
    return min(len(literal.data) for literal in literals), -len(literals)
