"""Header fields of a mail (RFC 5322): unfolded, decoded (RFC 2047), addresses taken apart."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header
from typing import Final
from urllib.parse import unquote_to_bytes

__all__ = ["decode_words", "fields", "filenames_in", "ip_addresses", "mail_addresses", "split_addresses"]

MAX_FIELDS: Final = 256
MAX_VALUE: Final = 4096

_ENCODED: Final = re.compile(r"=\?[^?\s]+\?[bBqQ]\?[^?]*\?=")
_ADDRESS: Final = re.compile(r"[^\s<>,;:\"'()\[\]]+@[^\s<>,;\"'()]+")
_IP: Final = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:IPv6:)?[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})(?![\w.:])"
)
_FILENAME: Final = re.compile(
    rb"""(?i)\b(?:file)?name(\*?)(?:\d+\*?)?=\s*(?:"([^"\r\n]{1,512})"|([^\s";]{1,512}))"""
)


def _word(text: bytes | str, charset: str | None) -> str:
    if isinstance(text, str):
        return text
    try:
        return text.decode(charset or "utf-8", "replace")
    except LookupError:
        return text.decode("latin-1")


def decode_words(value: str) -> str:
    """Encoded words (RFC 2047) as text; what cannot be decoded stays as it came."""
    if "=?" not in value or not _ENCODED.search(value):
        return value
    try:
        return "".join(_word(text, charset) for text, charset in decode_header(value))
    except (HeaderParseError, ValueError):
        return value


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")  # unlabelled 8-bit headers here are Chinese


def fields(block: bytes) -> Iterator[tuple[str, str]]:
    """(upper-case name, unfolded value) of each field."""
    name, parts, count = "", [b""], 0
    for line in [*block.split(b"\n"), b""]:
        line = line.rstrip(b"\r")
        if line[:1] in (b" ", b"\t") and name:
            parts.append(line.strip())
            continue
        if name:
            count += 1
            yield name, _text(b" ".join(parts)[:MAX_VALUE])
            if count >= MAX_FIELDS:
                return
        head, colon, rest = line.partition(b":")
        name = head.strip().decode("ascii", "replace").upper() if colon else ""
        parts = [rest.strip()]


def split_addresses(value: str, limit: int) -> list[str]:
    """Addresses of a To or Cc field, at commas outside quotes, comments and brackets; at most `limit`."""
    found: list[str] = []
    start = depth = 0
    quoted = False
    for index, char in enumerate(value + ","):
        if char == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif char in "(<":
            depth += 1
        elif char in ")>" and depth:
            depth -= 1
        elif char == "," and (depth == 0 or index == len(value)):
            part = value[start:index].strip()
            start = index + 1
            if part and len(found) < limit:
                found.append(part)
    if start < len(value) and len(found) < limit:
        rest = value[start:].strip()
        if rest:
            found.append(rest)
    return found


def mail_addresses(text: str) -> list[str]:
    """Bare mail addresses in a text."""
    return _ADDRESS.findall(text)


def ip_addresses(text: str) -> list[str]:
    """IP addresses in a text, in order."""
    found = []
    for candidate in _IP.findall(text):
        try:
            found.append(str(ipaddress.ip_address(candidate.removeprefix("IPv6:"))))
        except ValueError:
            continue
    return found


def filenames_in(block: bytes) -> list[str]:
    """Names of attachments in MIME part headers (RFC 2183 filename, RFC 2045 name, RFC 2231 form)."""
    names: list[str] = []
    for star, quoted, bare in _FILENAME.findall(block):
        raw: bytes = quoted or bare
        if star:
            charset, mark, rest = raw.partition(b"'")
            rest = rest.partition(b"'")[2] if mark else raw
            names.append(_word(unquote_to_bytes(rest), charset.decode("ascii", "replace") if mark else None))
        else:
            names.append(decode_words(_text(raw)))
    return names
