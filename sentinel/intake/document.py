"""Files that are one JSON document, or several over many lines each, as records of one line each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final

import msgspec

__all__ = ["records_in", "single_lines"]

_LARGEST: Final = 1 << 28
"""Characters of a document that is read as a whole."""
_LISTS: Final = ("Records", "records", "events", "Events", "value", "logs", "items")
"""Names under which a document keeps its records."""


def single_lines(lines: Iterator[str]) -> Iterator[str]:
    """`lines` as they are, but for a file whose first line only begins a JSON value."""
    for line in lines:
        if not line.strip():
            continue
        if line.lstrip()[0] not in "{[" or _whole(line):
            yield line
            yield from lines
        else:
            yield from _parsed(chain((line,), lines))
        return


def records_in(value: Any) -> list[dict[str, Any]] | None:
    """The records that a JSON value holds; None where it is a record itself, or nothing of records."""
    if isinstance(value, list):
        records = [record for record in value if isinstance(record, dict)]
        return records or None
    if isinstance(value, Mapping):
        hits = value.get("hits")
        if isinstance(hits, Mapping) and isinstance(hits.get("hits"), list):
            return records_in(hits["hits"])
        if len(value) <= 3:
            for name in _LISTS:
                if isinstance(value.get(name), list):
                    return records_in(value[name])
    return None


def _whole(line: str) -> bool:
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError, ValueError):
        return False
    return True


def _parsed(lines: Iterator[str]) -> Iterator[str]:
    held: list[str] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line) + 1
        if size > _LARGEST:
            yield from held
            yield from lines
            return
    text = "\n".join(held)
    decoder = json.JSONDecoder()
    at = 0
    while at < len(text):
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        if at >= len(text):
            return
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            yield from (line for line in text[at:].split("\n") if line.strip())
            return
        for record in records_in(value) or [value]:
            yield json.dumps(record, ensure_ascii=False)
