"""Templates of what channels say: `{name}` stands for a field."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

__all__ = ["fill"]

_FIELD: Final = re.compile(r"\{([a-z_]+)\}")


def fill(template: str, fields: Mapping[str, str]) -> str:
    """`template` with `{name}` replaced, escaped for a JSON string; braces of anything else stay."""
    return _FIELD.sub(lambda found: _escaped(fields[found[1]]) if found[1] in fields else found[0], template)


def _escaped(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]
