"""Files that are one JSON document, or several over many lines each, as records of one line each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final

import msgspec

__all__ = ["records_in", "single_lines"]

_LARGEST: Final = 1 << 28
"""Characters of a document that is read as a whole."""
_LONG: Final = 1 << 20
"""Characters of a line from which on it is looked through for records."""
_MOST_LINES: Final = 4096
"""Lines of one XML event."""
_RECORD: Final = re.compile(r"Record \d+\s*")
"""What evtx_dump writes before each JSON value."""
_XML: Final = re.compile(r"\s*<(?:\?xml|Events?\b)")
_LISTS: Final = ("Records", "records", "events", "Events", "value", "logs", "items")
"""Names under which a document keeps its records."""


def single_lines(lines: Iterator[str]) -> Iterator[str]:
    """`lines` as they are, but for files whose first line only begins a JSON value or an XML event."""
    for line in lines:
        if not line.strip():
            continue
        rest = chain((line,), lines)
        if (line.lstrip()[0] in "{[" and not _whole(line)) or _RECORD.fullmatch(line.strip()):
            yield from _parsed(rest)
        elif _XML.match(line) and "</Event>" not in line:
            yield from _events(rest)
        else:
            for one in rest:
                if len(one) > _LONG and one[0] in "{[":
                    yield from _apart(one)
                else:
                    yield one
        return


def _apart(line: str) -> Iterator[str]:
    """The records of a long line one by one: all of a day may stand in one."""
    try:
        records = records_in(msgspec.json.decode(line))
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError, ValueError):
        records = None
    if records is None:
        yield line
    else:
        yield from (msgspec.json.encode(record).decode() for record in records)


def _events(lines: Iterator[str]) -> Iterator[str]:
    """XML events over many lines, one a line."""
    held: list[str] = []
    for line in lines:
        start = line.find("<Event ") if not held else 0
        start = line.find("<Event>") if start < 0 else start
        if start < 0:
            continue
        held.append(line[start:].strip())
        if "</Event>" in line or len(held) > _MOST_LINES:
            yield " ".join(held)
            held = []
    if held:
        yield " ".join(held)


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
        numbered = _RECORD.match(text, at)
        if numbered is not None:
            at = numbered.end()
            continue
        if at >= len(text):
            return
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            yield from (line for line in text[at:].split("\n") if line.strip())
            return
        for record in records_in(value) or [value]:
            # Half a pair of UTF-16 is no text; escaped as it was it stays one.
            yield json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
