"""Literals are necessary: any value that a regex finds holds one of them."""

from __future__ import annotations

import re

import pytest

from sentinel.rule.literal import required_literals
from sentinel.rule.question import Pattern, Text


@pytest.mark.parametrize(
    ("regex", "flags", "expected"),
    [
        ("union.+select", 0, {b"select"}),
        ("(?:union|select) x", 0, {b"union", b"select"}),
        ("(foo)bar", 0, {b"foobar"}),
        ("abc?def", 0, {b"def"}),
        ("(abc)?x", 0, None),
        ("(abc)+", 0, {b"abc"}),
        ("ab|abcdef", 0, {b"ab"}),
        ("a|abcdef", 0, None),
        (r"\b(?:nc -|ncat -)x", 0, {b"nc -", b"ncat -"}),
        ("ab(c|d(e|f)?)", 0, {b"abc", b"abd"}),
        ("[a-f]{40}", 0, None),
        ("FOOÉbar", re.IGNORECASE, {b"foo"}),
        ("(?i)FOO", 0, {b"foo"}),
        ("(?i:FOO)", 0, None),
        (r"^GET /a\.php$", 0, {b"GET /a.php"}),
    ],
)
def test_literals_of_a_regex(regex: str, flags: int, expected: set[bytes] | None) -> None:
    found = required_literals(Pattern(regex, flags))
    assert (None if found is None else {literal.data for literal in found}) == expected


def test_bytes_of_a_binary_regex() -> None:
    found = required_literals(Pattern(r"\xac\xed\x00\x05.*java"), binary=True)
    assert found is not None and {literal.data for literal in found} == {b"\xac\xed\x00\x05"}


def test_text_takes_its_longest_part() -> None:
    found = required_literals(Text((None, "ab", None, "LONGER", True)))
    assert found is not None and found[0].data == b"longer" and not found[0].cased
    assert required_literals(Text((None, "a", None))) is None
