"""From `.po` to `.mo`: `python -m sentinel.locale.compile` after a catalogue was edited.

The two formats: GNU gettext manual, "The Format of PO Files" and "The Format of GNU MO Files". Only what our
catalogues use is read: comments, `msgid` and `msgstr`, strings over several lines.
"""

from __future__ import annotations

import ast
import struct
from pathlib import Path

__all__ = ["catalogues", "compile_catalogue", "read_catalogue"]

_MAGIC = 0x950412DE


def catalogues() -> list[Path]:
    """Every `.po` of the package."""
    return sorted(Path(__file__).parent.rglob("*.po"))


def read_catalogue(po: Path) -> dict[str, str]:
    """Sentences by id, in the file's order. Raises ValueError with the line for an id that stands twice."""
    sentences: dict[str, str] = {}
    id, part = "", ""
    for number, line in enumerate(po.read_text("utf-8").splitlines(), 1):
        word, _, rest = line.strip().partition(" ")
        if not word or word.startswith("#"):
            continue
        if word == "msgid":
            id, part = ast.literal_eval(rest), "id"
            continue
        if word == "msgstr":
            if id in sentences:
                raise ValueError(f"{po}:{number}: {id} stands twice")
            sentences[id], part = ast.literal_eval(rest), "str"
            continue
        more = ast.literal_eval(line.strip())
        if part == "id":
            id += more
        else:
            sentences[id] += more
    return sentences


def compile_catalogue(sentences: dict[str, str]) -> bytes:
    """The `.mo` of `sentences`: the same bytes for the same sentences, whatever their order."""
    pairs = sorted((id.encode(), sentence.encode()) for id, sentence in sentences.items())
    start = 28 + 16 * len(pairs)
    tables: list[bytes] = []
    strings = bytearray()
    for column in (0, 1):
        for pair in pairs:
            tables.append(struct.pack("<II", len(pair[column]), start + len(strings)))
            strings += pair[column] + b"\0"
    header = struct.pack("<7I", _MAGIC, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, start)
    return header + b"".join(tables) + bytes(strings)


if __name__ == "__main__":
    for source in catalogues():
        source.with_suffix(".mo").write_bytes(compile_catalogue(read_catalogue(source)))
