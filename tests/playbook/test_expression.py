"""Conditions compare and nothing else; values take the places of names, with their types."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.playbook.expression import Condition, fill, names_in
from sentinel.playbook.fault import PlaybookError

VARIABLES = {"n": 5, "s": "it's", "yes": True, "none": None, "a": "10.1.2.3"}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("__n__:value = 5", True),
        ("__n__:value != 5", False),
        ("__n__:value >= 5 AND __n__:value < 5.5", True),
        ("NOT __yes__:value = true OR __n__:value > 9", False),
        ("NOT (__yes__:value = true AND __n__:value > 9)", True),
        (r"__s__:value = 'it\'s'", True),
        ("__n__:value IN (1, 5)", True),
        ("__s__:value IN ('a', 'b')", False),
        ("__a__:value ISSUBSET '10.0.0.0/8'", True),
        ("__a__:value ISSUBSET '2001:db8::/32'", False),
        ("__none__:value > 1", False),
        ("__s__:value > 1", False),
    ],
)
def test_conditions(condition: str, holds: bool) -> None:
    assert Condition(condition).holds(VARIABLES) is holds


@pytest.mark.parametrize(
    "condition",
    ["", "1", "1 =", "= 1", "(1 = 1", "1 = 1 1 = 1", "__n__ = 1", "open('x')", "1 = 1 AND", "x" * 3000],
)
def test_what_is_no_condition(condition: str) -> None:
    with pytest.raises(PlaybookError):
        Condition(condition)


@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    with contextlib.suppress(PlaybookError):
        Condition(text).holds(VARIABLES)


def test_values_keep_their_types_and_are_never_read_again() -> None:
    assert fill("__n__:value", VARIABLES) == 5
    assert fill("n=__n__:value, __yes__:value, [__none__:value]", VARIABLES) == "n=5, true, []"
    assert fill({"a": ["__s__:value", 1]}, VARIABLES) == {"a": ["it's", 1]}
    assert fill("__x__:value", {"x": "__n__:value"}) == "__n__:value"
    assert names_in({"a": ["__s__:value __n__:value"]}) == {"s", "n"}
    with pytest.raises(PlaybookError):
        fill("__unknown__:value", VARIABLES)


@pytest.mark.parametrize(
    ("written", "variables", "filled"),
    [
        ("${secret:token}", {}, "${secret:token}"),
        ("__a__:value", {"a": "x ${secret:token} ${env:HOME}"}, "x $ {secret:token} ${env:HOME}"),
        (
            "Bearer ${secret:token} __a__:value",
            {"a": "${secret:other}"},
            "Bearer ${secret:token} $ {secret:other}",
        ),
        ("__a__:value__b__:value", {"a": "$", "b": "{secret:token}"}, "$ {secret:token}"),
        ("$__a__:value", {"a": "{secret:token}"}, "$ {secret:token}"),
        ("${secret:__a__:value}", {"a": "token"}, "$ {secret:token}"),
        ({"x": ["__a__:value"]}, {"a": {"k": ["${secret:token}"]}}, {"x": [{"k": ["$ {secret:token}"]}]}),
    ],
)
def test_no_variable_brings_a_reference_to_a_secret_along(written: Any, variables: Any, filled: Any) -> None:
    assert fill(written, variables) == filled
