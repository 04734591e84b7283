"""Secrets by name: playbooks say `${secret:name}`, and the configuration alone says where each is.

A playbook, which may come from elsewhere, thus never names a file or a variable of the daemon; and what variables
bring along is no reference, whatever it looks like (see `expression.fill`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import quote

from sentinel.playbook.fault import PlaybookError
from sentinel.playbook.settings import SecretSettings
from sentinel.secret import SecretError, reveal
from sentinel.text import Message

__all__ = ["SECRET", "Secrets", "hide"]

SECRET: Final = re.compile(r"\$\{secret:([^}]*)\}")
_SHORTEST: Final = 4
"""Letters: what is shorter stands in any text by chance."""


def hide(said: str, value: str, mark: str) -> str:
    """`said` with `mark` wherever `value` stands, as it is or as JSON and URLs write it."""
    if len(value) < _SHORTEST:
        return said
    for written in dict.fromkeys((value, json.dumps(value)[1:-1], quote(value, safe=""), quote(value))):
        said = said.replace(written, mark)
    return said


class Secrets:
    """The declared secrets, read when they are needed and never kept."""

    def __init__(self, declared: Iterable[SecretSettings] = ()) -> None:
        self._places = {one.name: one.value for one in declared}

    def fill(self, written: str, encode: Callable[[str], str] = str) -> str:
        """`written` with values, each written by `encode`, in the place of their names. Raises PlaybookError."""
        return SECRET.sub(lambda found: encode(self._value(found[1])), written)

    def hide(self, said: str) -> str:
        """`said` with the names of secrets in the place of their values: servers send back what they were sent."""
        for name, place in self._places.items():
            try:
                said = hide(said, reveal(place), f"${{secret:{name}}}")
            except SecretError:  # one that nobody can read was sent to nobody
                continue
        return said

    def _value(self, name: str) -> str:
        try:
            return reveal(self._places[name])
        except KeyError:
            raise PlaybookError(Message("playbook.no-secret", name=name)) from None
        except SecretError as error:
            raise PlaybookError(Message("playbook.secret-absent", name=name, reason=error)) from error
