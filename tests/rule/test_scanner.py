"""Expressions that Hyperscan is asked about: never too seldom, whatever letters a text has."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.rule.literal import is_bytewise
from sentinel.rule.question import Pattern
from sentinel.rule.scanner import PatternScanner

BYTEWISE = ["a+b", "[a-c]{2}x", "(?:ab|c[0-9])+d", "1[3-9][0-9]{3}", "^ab"]
OTHERS = ["a.b", "[^a]b", r"\d+x", r"\bab", "é+", "(?i:k)a", "a$", "ab(?=c)", r"(a)\1"]


@pytest.mark.parametrize(("regexes", "expected"), [(BYTEWISE, True), (OTHERS, False)])
def test_which_mean_the_same_in_bytes(regexes: list[str], expected: bool) -> None:
    assert [is_bytewise(Pattern(regex, 0)) for regex in regexes] == [expected] * len(regexes)


def test_folding_case_is_no_matter_of_bytes() -> None:
    """The Kelvin sign is a `k`, the long s an `s` to Python where case does not matter."""
    assert not is_bytewise(Pattern("ask", re.IGNORECASE))


@given(st.text("abcdkx13é政\u212aſ\n\x1c 579", max_size=12))
def test_none_that_matches_is_lost(text: str) -> None:
    patterns = [Pattern(regex, flags) for regex in BYTEWISE + OTHERS for flags in (0, re.IGNORECASE)]
    told = set(SCANNER.scan(text))
    matching = {n for n, pattern in enumerate(patterns) if re.search(pattern.regex, text, pattern.flags)}
    assert matching <= told


SCANNER = PatternScanner(
    [Pattern(regex, flags) for regex in BYTEWISE + OTHERS for flags in (0, re.IGNORECASE)]
)


def test_what_bytes_can_tell_is_asked_only_where_they_tell_it() -> None:
    scanner = PatternScanner([Pattern("1[3-9][0-9]{3}", 0), Pattern("a.b", 0)])
    assert list(scanner.scan("nothing")) == []
    assert list(scanner.scan("没有")) == [1], "a character may be several bytes"
    assert sorted(scanner.scan("电话13800")) == [0, 1]
