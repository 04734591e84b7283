"""Addresses and ports in FTP's data connection announcements (RFC 959 PORT/PASV, RFC 2428 EPRT/EPSV)."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

__all__ = ["extended_passive_port", "extended_port", "host_port"]

_SIX: Final = re.compile(r"(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})")
_EXTENDED_PASSIVE: Final = re.compile(r"\(([\x21-\x7e])\1\1(\d{1,5})\1\)")


def host_port(text: str) -> tuple[str, int] | None:
    """`h1,h2,h3,h4,p1,p2` anywhere in the text of PORT or a 227 reply."""
    found = _SIX.search(text)
    if found is None:
        return None
    numbers = [int(number) for number in found.groups()]
    if max(numbers) > 255:
        return None
    return ".".join(map(str, numbers[:4])), numbers[4] << 8 | numbers[5]


def extended_port(text: str) -> tuple[str, int] | None:
    """`|1|192.0.2.1|6275|` or `|2|2001:db8::1|6275|`."""
    parts = text[1:].split(text[:1]) if text[:1] else []
    if len(parts) < 3 or not parts[2].isdecimal() or int(parts[2]) > 65535:
        return None
    try:
        return str(ipaddress.ip_address(parts[1])), int(parts[2])
    except ValueError:
        return None


def extended_passive_port(text: str) -> int | None:
    """Port of a 229 reply, `(|||6446|)`."""
    found = _EXTENDED_PASSIVE.search(text)
    if found is None or int(found[2]) > 65535:
        return None
    return int(found[2])
