"""What is wrong in a configuration: where, what, and what would be right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sentinel.text import Message

if TYPE_CHECKING:
    from sentinel.config.tree import Config

__all__ = ["ConfigError", "Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to put right. `line` and `column` count from 1; 0 where the file as a whole is meant."""

    path: Path
    line: int
    column: int
    message: Message

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}:{self.column}" if self.line else str(self.path)
        return f"{place}: {self.message}"


class ConfigError(Exception):
    """Everything that is wrong in one configuration; nothing was started with it."""

    def __init__(self, findings: list[Finding], config: Config | None = None) -> None:
        super().__init__(findings)
        self.findings = findings
        self.config = config
        """What the file says, with defaults for what is wrong: only to look for more mistakes. None: it is no YAML."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.findings))
