"""Secrets by reference: `${env:NAME}` and `${file:/path}`, read when they are needed and never kept."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from typing import Final

from sentinel.text import text

__all__ = ["SecretError", "reveal"]

_REFERENCE: Final = re.compile(r"\$\{(env|file):([^}]+)\}")
_LONGEST: Final = 8192


class SecretError(Exception):
    """A secret cannot be had. Its text names the place and holds nothing of the secret."""


def reveal(template: str, encode: Callable[[str], str] = str) -> str:
    """`template` with its secrets in place, each written by `encode`. Raises SecretError where one cannot be had."""
    return _REFERENCE.sub(lambda found: encode(_read(found[1], found[2])), template)


def _read(kind: str, name: str) -> str:
    if kind == "env":
        if name not in os.environ:
            raise SecretError(text("secret.no-variable", name=name))
        return os.environ[name]
    try:
        with open(name, encoding="utf-8") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise SecretError(text("secret.open", path=name))
            return file.read(_LONGEST).strip()
    except (OSError, ValueError) as error:
        raise SecretError(text("secret.absent", path=name)) from error
