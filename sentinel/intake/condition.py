"""Whether a record's fields have the values that a format asks for (`when`, `recognise.values`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from sentinel.intake.json_path import JsonPath

__all__ = ["PATH", "Fields", "holds_for", "nested"]

Fields = Mapping[str, Any]
PATH = ("$.", "$[")
"""How a JSON path begins; `$date` is a name."""
_path = cache(JsonPath)
"""Only of names in formats: they are few, and the format was refused where they are no paths."""


def nested(record: Fields, name: str) -> Any:
    """A field by its own name, else by a JSON path (`$.a[0].b`), else by dots as a path into nested mappings; None
    where there is none."""
    if name in record:
        return record[name]
    if name.startswith(PATH):
        return _path(name).find(record)
    head, dot, rest = name.partition(".")
    inner = record.get(head) if dot else None
    return nested(inner, rest) if isinstance(inner, Mapping) else None


def holds_for(wanted: Mapping[str, Any]) -> Callable[[Fields], bool]:
    """A test of records. A value fits in any case of letters, with `*` for anything at either end; of a list
    one must fit; null is for a field that is not there."""
    tests = [(name, _any(_fits(value))) for name, value in wanted.items()]
    if not tests:
        return lambda record: True
    return lambda record: all(fits(nested(record, name)) for name, fits in tests)


def _any(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Of a field with several values, one must fit."""
    return lambda value: any(map(fits, value)) if isinstance(value, list) else fits(value)


def _fits(wanted: Any) -> Callable[[Any], bool]:
    if isinstance(wanted, list):
        choices = [_fits(value) for value in wanted]
        return lambda value: any(fits(value) for fits in choices)
    if wanted is None:
        return lambda value: value is None
    if isinstance(wanted, bool):
        return lambda value: value is wanted or str(value).lower() == str(wanted).lower()
    text = str(wanted).lower()
    if text == "*":
        return lambda value: value is not None
    if text.startswith("*") and text.endswith("*"):
        return lambda value: text[1:-1] in str(value).lower()
    if text.endswith("*"):
        return lambda value: str(value).lower().startswith(text[:-1])
    if text.startswith("*"):
        return lambda value: str(value).lower().endswith(text[1:])
    return lambda value: value is not None and str(value).lower() == text
