"""Samples of every format, damaged at random: no line is a fault of ours, stops the reading, or cannot be written."""

from __future__ import annotations

import random

import pytest

from sentinel.event.encode import EventEncoder
from sentinel.intake.catalogue import Catalogue
from sentinel.intake.file import decoded_line
from sentinel.intake.reader import LineReader
from sentinel.intake.record import Origin

CATALOGUE = Catalogue.load()
LINES = [
    (f"<38>May  1 08:00:00 host1 {sample.program}[1]: " if sample.program else "") + line
    for format in CATALOGUE.formats.values()
    for sample in format.declaration.samples
    for line in sample.line.splitlines()
]
ODD = (
    b"\0",
    b"\x1b[31m",
    b"\xff",
    b'"',
    b"{",
    b"[",
    b"}",
    b"9" * 30,
    b"\\",
    b"%",
    b"null",
    b"NaN",
    b"1e999",
    b"\xe7\x94",
)


def damaged(line: bytes, chance: random.Random) -> bytes:
    at, to = sorted(chance.randrange(len(line) + 1) for _ in range(2))
    other = chance.choice(LINES).encode()
    return chance.choice(
        (
            line[:at] + chance.choice(ODD) + line[at:],
            line[:at] + line[to:],
            line[:to] + line[at:],
            line[:at],
            line[:at] + other[chance.randrange(len(other)) :],
            line.replace(
                chance.choice((b":", b"=", b"1", b" ", b",")), chance.choice((b"", b"9" * 20, b"  ")), 2
            ),
        )
    )


@pytest.mark.parametrize("seed", range(4))
def test_damaged_samples(seed: int) -> None:
    chance, encoder = random.Random(seed), EventEncoder()
    for _ in range(150):
        reader = LineReader(CATALOGUE, Origin("here", reference=1714521600.0))
        for _ in range(10):
            line = chance.choice(LINES).encode()
            for _ in range(chance.choice((1, 1, 3))):
                line = damaged(line, chance)
            encoder.encode(reader.events(decoded_line(line)))
        assert "fault" not in reader.unexplained
        assert reader.formats.total() + reader.unexplained.total() == reader.read
    assert encoder.unencodable == 0
