"""Tables with a head: W3C extended log files (a `#Fields:` line) and comma-separated values with a line of names."""

from __future__ import annotations

import csv
import re
from typing import Any, Final

__all__ = ["TableReader"]

_NAME: Final = re.compile(r"[A-Za-z_\u4e00-\u9fff][\w .:#/()\-]{0,63}\Z")
_LEAST: Final = 5
"""Columns that a line must have to be taken for a head of names."""


class TableReader:
    """Reads the lines of one source."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._commas = False

    @property
    def columnar(self) -> bool:
        """Whether a head came."""
        return bool(self._names)

    def w3c_header(self, line: str) -> None:
        """Take a line that begins with `#`."""
        if line.startswith("#Fields:"):
            told = line.removeprefix("#Fields:").strip()
            self._commas = "," in told
            self._names = [name.strip() for name in told.split("," if self._commas else None)]

    def head(self, line: str) -> bool:
        """Take a source's first line, if it is nothing but names between commas, most of them different."""
        names = [name.strip() for name in _values(line)] if line.count(",") >= _LEAST - 1 else []
        if len(set(names)) < max(_LEAST, 0.8 * len(names)) or not all(map(_NAME.match, names)):
            return False
        self._names, self._commas = names, True
        return True

    def row(self, line: str) -> dict[str, Any] | None:
        """Values by name without those that are not there; None where the line has more or fewer.

        Of W3C lines also `target`, the whole request target, and `agent`, the user agent with its blanks back.
        """
        values = _values(line) if self._commas else line.split()
        if len(values) != len(self._names):
            return None
        absent = "" if self._commas else "-"
        fields = {
            name: stripped
            for name, value in zip(self._names, values, strict=True)
            if (stripped := value.strip()) != absent
        }
        if not self._commas:
            _complete(fields)
        return fields


def _values(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def _complete(fields: dict[str, Any]) -> None:
    stem, query = fields.get("cs-uri-stem"), fields.get("cs-uri-query")
    if stem is not None:
        fields["target"] = f"{stem}?{query}" if query else stem
    agent = fields.get("cs(User-Agent)")
    if agent is not None:
        fields["agent"] = agent.replace("+", " ")
