"""Secrets by reference: playbooks name them, only the action that needs one sees its value."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from sentinel.playbook.fault import PlaybookError
from sentinel.text import Message

__all__ = ["Secrets"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}\Z")
_REFERENCE = re.compile(r"\$\{secret:([A-Za-z][A-Za-z0-9_-]{0,63})\}")


class Secrets:
    """From the environment (SENTINEL_SECRET_<NAME>), else from a file that its owner alone can read."""

    def __init__(self, file: Path | None = None, environment: Mapping[str, str] = os.environ) -> None:
        self._file = file
        self._environment = environment

    def fill(self, written: str) -> str:
        """`written` with values in the place of `${secret:name}`. Raises PlaybookError."""
        return _REFERENCE.sub(lambda found: self.value(found[1]), written)

    def value(self, name: str) -> str:
        """The secret's value. Raises PlaybookError where there is none or its file is open to others."""
        key = "SENTINEL_SECRET_" + name.upper().replace("-", "_")
        value = self._environment.get(key) or self._in_file().get(name)
        if not _NAME.match(name) or not value:
            raise PlaybookError(Message("playbook.no-secret", name=name))
        return value

    def _in_file(self) -> dict[str, str]:
        if self._file is None:
            return {}
        try:
            if stat.S_IMODE(self._file.stat().st_mode) & 0o077:
                return {}
            lines = self._file.read_text("utf-8").splitlines()
        except OSError:
            return {}
        pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
        return {name.strip(): value.strip() for name, _, value in pairs}
