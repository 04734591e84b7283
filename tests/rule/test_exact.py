"""Exact answers: looking for a regex's literals first changes none of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.rule.access import RecordAccess
from sentinel.rule.condition import Leaf
from sentinel.rule.exact import holds
from sentinel.rule.question import Pattern

PATTERNS = [
    Pattern(regex, flags)
    for regex in (
        "ask",
        "(?:cat|SK)a{2,3}",
        r"\{\{.{0,9}k",
        "s(?i:KA)",
        "é+a",
        "(?:ak|é)s",
        "kas?|tak",
        "^ka",
        "ks$",
        "(?!ka)sk",
        "a*",
    )
    for flags in (0, re.IGNORECASE)
]
TESTS = [holds(Leaf("f", pattern), RecordAccess(), str) for pattern in PATTERNS]


@given(st.text("akstKASc{é\u212aſİ\n", max_size=14), st.sampled_from([0, 300]), st.booleans())
def test_a_pattern_holds_where_python_finds_it(text: str, padding: int, before: bool) -> None:
    text = "." * padding + text if before else text + "." * padding
    for pattern, test in zip(PATTERNS, TESTS, strict=True):
        found = re.search(pattern.regex, text, pattern.flags) is not None
        assert test({"f": text}) == found, pattern


@pytest.mark.parametrize("needle", ["askask", "ASKASK", "\u212aask", "aſkask"])
def test_a_needle_deep_in_a_long_text_is_found(needle: str) -> None:
    test = holds(Leaf("f", Pattern("ASK", re.IGNORECASE)), RecordAccess(), str)
    assert test({"f": "." * 5000 + needle + "." * 5000})
    assert not test(
        {"f": "." * 5000 + needle.replace("s", "").replace("S", "").replace("ſ", "") + "." * 5000}
    )
