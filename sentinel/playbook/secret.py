"""Secrets by name: playbooks say `${secret:name}`, and the configuration alone says where each is.

A playbook, which may come from elsewhere, thus never names a file or a variable of the daemon; and what variables
bring along is no reference, whatever it looks like (see `expression.fill`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from sentinel.playbook.fault import PlaybookError
from sentinel.playbook.settings import SecretSettings
from sentinel.secret import SecretError, reveal
from sentinel.text import Message

__all__ = ["SECRET", "Secrets"]

SECRET: Final = re.compile(r"\$\{secret:([^}]*)\}")


class Secrets:
    """The declared secrets, read when they are needed and never kept."""

    def __init__(self, declared: Iterable[SecretSettings] = ()) -> None:
        self._places = {one.name: one.value for one in declared}

    def fill(self, written: str, encode: Callable[[str], str] = str) -> str:
        """`written` with values, each written by `encode`, in the place of their names. Raises PlaybookError."""
        return SECRET.sub(lambda found: encode(self._value(found[1])), written)

    def _value(self, name: str) -> str:
        try:
            return reveal(self._places[name])
        except KeyError:
            raise PlaybookError(Message("playbook.no-secret", name=name)) from None
        except SecretError as error:
            raise PlaybookError(Message("playbook.secret-absent", name=name, reason=error)) from error
