"""Whether a format can be brought to a standstill: those who write the lines may be attackers.

A careless regular expression needs minutes for a line that begins like a record and then repeats a stretch of it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Final

from sentinel.intake.declaration import Declaration
from sentinel.intake.envelope import open_envelope
from sentinel.intake.format import Format
from sentinel.intake.record import Origin, Record

__all__ = ["hostile_records", "stuck_at"]

_SIZES: Final = (*range(9, 64, 3), *range(64, 160, 16), 192, 256, 384, 512, 1024, 4096, 16384)
"""Letters of the stretches, in small steps at first: some expressions double their time with each letter."""
_PATIENCE: Final = 0.15
"""Seconds of processor time for one record."""
_TAIL: Final = " \x01"
"""Behind some stretches: an expression that would fit tries all its ways before it gives up."""
_UNITS: Final = ("x", " ", "1.", "a=", "(")


def hostile_records(declaration: Declaration, letters: int) -> Iterator[Record]:
    """Records made of the format's own samples, with stretches of so many letters."""
    samples = dict.fromkeys(line for sample in declaration.samples for line in sample.line.splitlines())
    if declaration.read == "json":
        for line in samples:
            if line.startswith("{"):
                yield from _of_json(json.loads(line), letters)
        return
    for line in samples:
        record = _record(line)
        opened = open_envelope(record)
        for begin in dict.fromkeys((line, record.text) if opened else (line,)):
            yield from map(_record, _stretched(begin, letters))
    yield from (_record(unit * (letters // len(unit))) for unit in _UNITS)


def _of_json(record: dict[str, object], letters: int) -> Iterator[Record]:
    for name, value in record.items():
        if isinstance(value, str):
            for unit in (value + " ", value[-1:] or "x"):
                for tail in ("", _TAIL):
                    fields = {**record, name: value + unit * (letters // len(unit)) + tail}
                    line = json.dumps(fields)
                    yield Record(Origin("hostile"), line, line, fields=fields)


def _stretched(line: str, letters: int) -> Iterator[str]:
    words = line.split(" ")
    for at, word in enumerate(words):
        before = " ".join(words[:at])
        for unit in filter(None, dict.fromkeys((word + " ", word[-1:], "=", " "))):
            stretched = f"{before} {word}".lstrip() + unit * (letters // len(unit) + 1)
            yield stretched
            yield stretched + _TAIL


def _record(line: str) -> Record:
    return Record(Origin("hostile"), line, line)


def stuck_at(format: Format) -> tuple[int, str] | None:
    """(letters, beginning) of a line that takes the format too long; None where there is none such."""
    for letters in _SIZES:
        for record in hostile_records(format.declaration, letters):
            text = record.text
            began = time.process_time()
            format.events(record)
            if time.process_time() - began > _PATIENCE:
                return len(text), text[:80]
    return None
