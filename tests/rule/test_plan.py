"""The indexes never hide a match: plans agree with asking every rule of every record."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.rule.access import RecordAccess
from sentinel.rule.condition import And, Leaf, Node, Not, Or
from sentinel.rule.exact import holds
from sentinel.rule.plan import Plan
from sentinel.rule.question import Boolean, Compare, Exists, Null, Number, Pattern, Text

WORDS = st.text("abcAB\u212aéÉ\n1中", max_size=6)
FIELDS = st.sampled_from(["f", "g", "h.i"])
VALUES = st.one_of(
    WORDS, st.integers(0, 12), st.booleans(), st.none(), st.lists(WORDS, max_size=3), st.just(1.5)
)
RECORDS = st.lists(st.dictionaries(FIELDS, VALUES, max_size=3), min_size=1, max_size=6)
PARTS = st.lists(st.one_of(WORDS.filter(bool), st.none(), st.just(True)), max_size=4).map(tuple)
REGEXES = st.sampled_from(
    ["abc", "a+b", "(ab|ca)c", "(?i)ABC", "^a", "b$", "[ab]{3}", "abc|cab", "ab(c)?", "é"]
)
QUESTIONS = st.one_of(
    st.builds(Text, PARTS, st.booleans()),
    st.builds(Text, st.tuples(st.text("abc1", min_size=1, max_size=4)), st.booleans()),
    st.builds(Pattern, REGEXES, st.sampled_from([0, 2])),
    st.builds(Number, st.integers(0, 12)),
    st.builds(Boolean, st.booleans()),
    st.builds(Compare, st.sampled_from(["lt", "gte"]), st.integers(0, 12)),
    st.just(Null()),
    st.builds(Exists, st.booleans()),
)
LEAVES = st.builds(Leaf, FIELDS, QUESTIONS)


def _nested(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    some = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.builds(And, some), st.builds(Or, some), st.builds(Not, inner))


CONDITIONS: st.SearchStrategy[Node] = st.recursive(LEAVES, _nested, max_leaves=5)


@settings(max_examples=150, deadline=None)
@given(st.lists(CONDITIONS, min_size=1, max_size=4), RECORDS)
def test_plans_find_what_asking_everything_finds(
    conditions: list[Node], records: list[dict[str, object]]
) -> None:
    access = RecordAccess()
    functions = [holds(condition, access, str) for condition in conditions]
    expected = [
        (row, number)
        for row, record in enumerate(records)
        for number, function in enumerate(functions)
        if function(record)
    ]
    plan = Plan([(number, condition, str) for number, condition in enumerate(conditions)], access)
    assert plan.match(records) == expected
    assert plan.match(records) == expected  # what it remembers changes nothing
