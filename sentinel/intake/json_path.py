"""Paths into JSON documents: `$.data.t`, `$.rooms[0].value`, `$['a.b']` (RFC 9535, single values only)."""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["JsonPath", "is_json_path"]

_STEP: Final = re.compile(
    r"""\.(?P<name>[^.\[\]'"\s]+) | \[(?P<index>\d{1,6})\] | \['(?P<quoted>[^']+)'\]""", re.X
)


class JsonPath:
    """A path to one value. Raises ValueError where `written` is none."""

    def __init__(self, written: str) -> None:
        steps: list[str | int] = []
        at = 1
        while at < len(written):
            found = _STEP.match(written, at)
            if found is None:
                break
            at = found.end()
            steps.append(int(found["index"]) if found["index"] else found["name"] or found["quoted"])
        if written[:1] != "$" or at != len(written):
            raise ValueError(written)
        self._steps = tuple(steps)

    def find(self, document: Any) -> Any:
        """The value there; None where there is none."""
        for step in self._steps:
            if isinstance(step, str):
                document = document.get(step) if isinstance(document, dict) else None
            else:
                document = document[step] if isinstance(document, list) and step < len(document) else None
        return document


def is_json_path(written: str) -> bool:
    """Can it be used?"""
    try:
        JsonPath(written)
    except ValueError:
        return False
    return True
