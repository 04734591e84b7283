"""Columns: values in a fixed order, between tabs, blanks or commas."""

from __future__ import annotations

import csv
import re
from typing import Any

__all__ = ["split_columns"]

_BLANKS = re.compile(r"[ \t]+")


def split_columns(line: str, names: list[str], separator: str) -> dict[str, Any] | None:
    """Values by name; columns past the names are passed over; None where there are fewer values than names."""
    if separator == " ":
        values = _BLANKS.split(line.strip())
    elif separator == ",":
        try:
            values = next(csv.reader([line]), [])
        except csv.Error:
            return None
    else:
        values = line.split(separator)
    if len(values) < len(names) or not names:
        return None
    return dict(zip(names, values, strict=False))
