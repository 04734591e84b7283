"""W3C extended log files (IIS and others): a `#Fields:` line names the columns of those that follow."""

from __future__ import annotations

from typing import Any

__all__ = ["W3cReader"]


class W3cReader:
    """Reads the lines of one source."""

    def __init__(self) -> None:
        self._names: list[str] = []

    @property
    def columnar(self) -> bool:
        """Whether a `#Fields:` line came."""
        return bool(self._names)

    def header(self, line: str) -> None:
        """Take a line that begins with `#`."""
        if line.startswith("#Fields:"):
            self._names = line.removeprefix("#Fields:").split()

    def row(self, line: str) -> dict[str, Any] | None:
        """Values by name without those that are not there (`-`); None where the line has more or fewer.

        With them `target`, the whole request target, and `agent`, the user agent with its blanks back.
        """
        values = line.split()
        if len(values) != len(self._names):
            return None
        columns = dict(zip(self._names, values, strict=True))
        fields = {name: value for name, value in columns.items() if value != "-"}
        stem, query = fields.get("cs-uri-stem"), fields.get("cs-uri-query")
        if stem is not None:
            fields["target"] = f"{stem}?{query}" if query else stem
        agent = fields.get("cs(User-Agent)")
        if agent is not None:
            fields["agent"] = agent.replace("+", " ")
        return fields
