"""ArcSight's Common Event Format, as upper platforms take it (Implementing ArcSight CEF, revision 26)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final

from sentinel import __version__
from sentinel.event import Level

__all__ = ["cef_line"]

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_EXTENSION: Final = str.maketrans({"\\": "\\\\", "=": "\\=", "\n": "\\n", "\r": "\\r"})
_HEADER: Final = str.maketrans({"\\": "\\\\", "|": "\\|"})
_GRADES: Final = {"1": 10, "2": 9, "3": 8}
"""What a reportable incident counts for, of 10."""
_SEVERITIES: Final = {
    Level.INFORMATIONAL: 1,
    Level.LOW: 3,
    Level.MEDIUM: 5,
    Level.HIGH: 7,
    Level.CRITICAL: 8,
}
"""The same for an ordinary one, by the gravest alert."""
_LABELLED: Final = (
    ("cs1", "department"),
    ("cs2", "level"),
    ("cs3", "id"),
    ("cs4", "drill"),
    ("cs5", "person"),
    ("cs6", "zone"),
)


def cef_line(fields: Mapping[str, str]) -> str:
    """One line of the fields of a `Notice`. What stands in none is left out."""
    head = (
        "CEF:0",
        "egov-sentinel",
        "sentinel",
        __version__,
        fields.get("rule") or f"incident-{fields.get('code', '-')}",
        fields.get("title", ""),
        str(_severity(fields)),
    )
    line = "|".join(_CONTROL.sub(" ", part).translate(_HEADER) for part in head)
    return f"{line}|" + " ".join(f"{name}={_value(value)}" for name, value in _extension(fields).items())


def _extension(fields: Mapping[str, str]) -> dict[str, str]:
    extension = {
        "rt": str(round(float(fields.get("ts") or 0) * 1000)),
        "externalId": fields.get("number") or fields.get("id", ""),
        "cat": fields.get("category", ""),
        "cnt": fields.get("alerts", ""),
        "act": fields.get("kind", ""),
        "msg": fields.get("text", ""),
    }
    for name, six, label, address in (
        ("src", "c6a2", "Source IPv6 Address", fields.get("attacker", "")),
        ("dst", "c6a3", "Destination IPv6 Address", fields.get("victim", "")),
    ):
        version = _version(address)
        if version == 4:
            extension[name] = address
        elif version == 6:
            extension |= {f"{six}Label": label, six: address}
    extension |= {"spt": fields.get("attacker_port", ""), "dpt": fields.get("victim_port", "")}
    for name, field in _LABELLED:
        if fields.get(field):
            extension |= {f"{name}Label": field, name: fields[field]}
    return {name: value for name, value in extension.items() if value not in ("", "-")}


def _severity(fields: Mapping[str, str]) -> int:
    try:
        return _GRADES.get(fields.get("grade", ""), 0) or _SEVERITIES[Level(fields.get("severity", ""))]
    except ValueError:
        return _SEVERITIES[Level.MEDIUM]


def _version(address: str) -> int:
    try:
        return ip_address(address).version
    except ValueError:
        return 0


def _value(value: str) -> str:
    lines = "\n".join(_CONTROL.sub(" ", line) for line in value.split("\n"))
    return lines.translate(_EXTENSION)
