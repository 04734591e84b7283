"""Levels: a number that is reached meets its clause, the gravest clause counts, a bad file is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.incident import Grading, IncidentError
from sentinel.incident.grade import ORDINARY, REPORTABLE

SHIPPED = Grading.load()


@pytest.mark.parametrize(
    ("facts", "level", "clauses"),
    [
        ({}, 4, []),
        ({"personal_records": 999_999}, 4, []),
        ({"personal_records": 1_000_000}, 3, ["records-3"]),
        ({"personal_records": 10_000_000}, 2, ["records-2", "records-3"]),
        ({"personal_records": 100_000_000}, 1, ["records-1", "records-2", "records-3"]),
        ({"cii_whole_seconds": 1800, "loss_yuan": 20_000_000}, 2, ["loss-2", "cii-whole-3", "loss-3"]),
        ({"important_data": 1}, 3, ["important-data-3"]),
        ({"important_data": 0}, 4, []),
        ({"nothing_of_the_kind": 1e12}, 4, []),
    ],
)
def test_what_facts_suggest(facts: dict[str, float], level: int, clauses: list[str]) -> None:
    assert SHIPPED.suggest(facts) == level
    assert [clause.id for clause in SHIPPED.met(facts)] == clauses


def test_the_numbers_of_a_fact_grow_with_the_gravity() -> None:
    assert len({clause.id for clause in SHIPPED.clauses}) == len(SHIPPED.clauses)
    for fact in SHIPPED.facts:
        of_fact = sorted((c for c in SHIPPED.clauses if c.fact == fact), key=lambda c: -c.level)
        numbers = [clause.least for clause in of_fact]
        assert numbers == sorted(set(numbers)), fact
        assert len({clause.level for clause in of_fact}) == len(of_fact), fact


def test_every_clause_must_be_reported() -> None:
    assert REPORTABLE < ORDINARY
    assert all(clause.level <= REPORTABLE for clause in SHIPPED.clauses)


def test_facts_are_named_once_in_the_order_of_the_file() -> None:
    assert SHIPPED.facts[0] == "portal_seconds"
    assert len(set(SHIPPED.facts)) == len(SHIPPED.facts)


def test_a_file_of_the_site_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(
        "clauses: [{id: a, level: 2, fact: towns, least: 3, verified: true, zh: 三镇, en: Three}]\n"
    )
    grading = Grading.load(str(file))
    assert grading.facts == ("towns",)
    assert (grading.suggest({"towns": 2}), grading.suggest({"towns": 3})) == (4, 2)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        ("clauses: [", ""),
        ("clauses: {}", "array"),
        ("clauses: [{id: a}]", "level"),
        ("clauses: []\nmore: 1", "more"),
        ("clauses: [{id: a, level: 4, fact: f, least: 1, verified: true, zh: x, en: x}]", "a: level 4"),
        ("clauses: [{id: a, level: 0, fact: f, least: 1, verified: true, zh: x, en: x}]", "a: level 0"),
    ],
)
def test_a_file_that_is_not_right(tmp_path: Path, content: str | None, reason: str) -> None:
    file = tmp_path / "own.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(IncidentError) as raised:
        Grading.load(str(file))
    assert raised.value.message.id == "incident.bad-clauses"
    assert str(file) in str(raised.value)
    assert reason in str(raised.value.message.values["reason"])
