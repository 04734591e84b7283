"""Values of variables: whether they are of their type, and how a person's writing becomes one."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from sentinel.playbook.document import Playbook, Variable
from sentinel.playbook.fault import PlaybookError
from sentinel.text import Message

__all__ = ["check_value", "read_value", "starting_values"]

_MAC = re.compile(r"[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}\Z")


def _is_address(value: Any, *versions: int) -> bool:
    try:
        return isinstance(value, str) and ipaddress.ip_address(value).version in versions
    except ValueError:
        return False


def _is_uri(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(urlsplit(value).scheme)
    except ValueError:
        return False


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "bool": lambda value: isinstance(value, bool),
    "ipv4-addr": lambda value: _is_address(value, 4),
    "ipv6-addr": lambda value: _is_address(value, 6),
    "ip-addr": lambda value: _is_address(value, 4, 6),
    "mac-addr": lambda value: isinstance(value, str) and bool(_MAC.match(value)),
    "uri": _is_uri,
    "list": lambda value: isinstance(value, list),
    "dictionary": lambda value: isinstance(value, dict),
}


def check_value(name: str, variable: Variable, value: Any) -> None:
    """Raises PlaybookError where `value` is not of the variable's type; None (nothing yet) is of every type."""
    if value is not None and not _CHECKS[variable.type](value):
        raise PlaybookError(
            Message("playbook.bad-value", name=name, type=variable.type, got=repr(value)[:80])
        )


def read_value(name: str, variable: Variable, written: str) -> Any:
    """What a person wrote, as a value of the variable's type. Raises PlaybookError."""
    value: Any = written
    try:
        if variable.type == "integer":
            value = int(written)
        elif variable.type == "float":
            value = float(written)
        elif variable.type == "bool":
            value = {"true": True, "yes": True, "是": True, "false": False, "no": False, "否": False}[
                written.lower()
            ]
        elif variable.type == "list":
            value = [one.strip() for one in written.split(",") if one.strip()]
    except (ValueError, KeyError):
        raise PlaybookError(
            Message("playbook.bad-value", name=name, type=variable.type, got=repr(written)[:80])
        ) from None
    check_value(name, variable, value)
    return value


def starting_values(playbook: Playbook, given: Mapping[str, Any]) -> dict[str, Any]:
    """All variables' values at the start of a run. Raises PlaybookError for unknown, missing or ill-typed ones."""
    for name in given:
        if name not in playbook.variables:
            raise PlaybookError(Message("playbook.no-variable", name=name))
        if playbook.variables[name].constant:
            raise PlaybookError(Message("playbook.constant", name=name))
    values = {name: given.get(name, variable.value) for name, variable in playbook.variables.items()}
    for name, variable in playbook.variables.items():
        if variable.external and values[name] is None:
            raise PlaybookError(Message("playbook.missing", name=name))
        check_value(name, variable, values[name])
    return values
