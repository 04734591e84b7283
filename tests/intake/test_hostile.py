"""No line brings a shipped format to a standstill, and a careless format is found out."""

from __future__ import annotations

import time

import msgspec
import pytest
import yaml

from sentinel.intake.catalogue import Catalogue
from sentinel.intake.declaration import Declaration
from sentinel.intake.format import Format
from sentinel.intake.hostile import hostile_records, stuck_at

CATALOGUE = Catalogue.load()
CARELESS = """
name: careless
about: x
about_en: x
read: {read}
{how}
samples: [{{line: '{line}'}}]
"""


@pytest.mark.parametrize("name", list(CATALOGUE.formats))
def test_no_line_costs_a_format_the_square_of_its_length(name: str) -> None:
    format = CATALOGUE.formats[name]
    for record in hostile_records(format.declaration, 1 << 15):
        began, text = time.process_time(), record.text
        format.events(record)
        assert time.process_time() - began < 0.5, text[:200]


@pytest.mark.parametrize(
    ("read", "how", "line"),
    [
        ("regex", "patterns: ['^(?:a+)+$']", "aaa"),
        (
            "regex",
            "patterns: ['^(?:(?P<time>\\S+)\\s+)?.*?denied for (?P<user>\\S+)$']",
            "08:00 denied for bob",
        ),
        ("json", "recognise: {keys: [m]}\nsplit: {m: '^(?:a|a)*b'}", '{"m": "aaa"}'),
        ("pairs", "prefix: '^(?P<a>[^|]*)*[|]'", "<13>May  1 08:00:00 h p: a | b=c d=e"),
    ],
)
def test_a_careless_expression_is_found_out(read: str, how: str, line: str) -> None:
    declared = yaml.safe_load(CARELESS.format(read=read, how=how, line=line))
    stuck = stuck_at(Format(msgspec.convert(declared, Declaration)))
    assert stuck is not None and stuck[0] < 20_000


def test_a_careful_one_is_not() -> None:
    assert stuck_at(CATALOGUE.formats["sshd"]) is None
