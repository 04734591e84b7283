"""Catalogues of sentences, one `.po` a language (GNU gettext manual, "The Format of PO Files").

Only what ours use is read: comments, `msgid` and `msgstr`, strings over several lines, with escapes that JSON has too.
"""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["catalogue", "read_catalogue"]


def catalogue(locale: str) -> Path:
    """The file of a locale: `zh_CN`."""
    return Path(__file__).with_name(f"{locale}.po")


def read_catalogue(po: Path) -> dict[str, str]:
    """Sentences by id, in the file's order. Raises ValueError with the line for an id that stands twice."""
    sentences: dict[str, str] = {}
    id, part = "", ""
    for number, line in enumerate(po.read_text("utf-8").splitlines(), 1):
        word, _, rest = line.strip().partition(" ")
        if not word or word.startswith("#"):
            continue
        if word == "msgid":
            id, part = json.loads(rest), "id"
            continue
        if word == "msgstr":
            if id in sentences:
                raise ValueError(f"{po}:{number}: {id} stands twice")
            sentences[id], part = json.loads(rest), "str"
            continue
        more = json.loads(line.strip())
        if part == "id":
            id += more
        else:
            sentences[id] += more
    return sentences
