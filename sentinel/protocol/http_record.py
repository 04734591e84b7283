"""What an HTTP head tells, in the fields of the `http` event."""

from __future__ import annotations

import base64
import binascii
from typing import Final
from urllib.parse import unquote_to_bytes

from sentinel.event.http import Http
from sentinel.protocol.http_body import body_text

__all__ = ["listed", "take_request", "take_response"]

_PROXY_HEADERS: Final = (
    "FORWARDED",
    "X-FORWARDED-FOR",
    "X-FORWARDED-FROM",
    "CLIENT-IP",
    "VIA",
    "XROXY-CONNECTION",
    "PROXY-CONNECTION",
)
_PROXIES: Final = frozenset(_PROXY_HEADERS)
_MAX_LISTED: Final = 32


def take_request(
    record: Http, uri: str, headers: dict[str, str], names: list[str], mask_passwords: bool
) -> None:
    """Put a request's target and headers into its record."""
    if "%" in uri:
        record.uri = _unescaped(uri)
        record.original_uri = uri
    else:
        record.uri = uri
    get = headers.get
    record.host = get("HOST")
    record.user_agent = get("USER-AGENT")
    record.referrer = get("REFERER")
    record.origin = get("ORIGIN")
    record.cookie = get("COOKIE")
    record.accept = get("ACCEPT")
    record.content_type = get("CONTENT-TYPE")
    record.client_header_names = names
    if not _PROXIES.isdisjoint(names):
        record.x_forwarded_for = get("X-FORWARDED-FOR")
        record.proxied = [f"{name} -> {headers[name]}" for name in _PROXY_HEADERS if name in headers]
    authorization = get("AUTHORIZATION") or get("PROXY-AUTHORIZATION")
    if authorization is not None:
        _authorize(record, authorization, mask_passwords)


def take_response(record: Http, headers: dict[str, str], names: list[str]) -> None:
    """Put a response's headers into its record."""
    get = headers.get
    record.resp_content_type = get("CONTENT-TYPE")
    record.set_cookie = get("SET-COOKIE")
    record.server = get("SERVER")
    record.location = get("LOCATION")
    record.server_header_names = names


def listed(value: str | None) -> list[str] | None:
    """Elements of a header that is a list (RFC 9110 section 5.6.1)."""
    return [part.strip() for part in value.split(",")[:_MAX_LISTED] if part.strip()] if value else None


def _authorize(record: Http, value: str, mask_passwords: bool) -> None:
    scheme, _, rest = value.partition(" ")
    record.authorization = scheme
    if scheme.lower() != "basic":
        return
    try:
        decoded = base64.b64decode(rest.strip().encode())
    except (binascii.Error, ValueError):
        decoded = b""
    name, colon, password = decoded.partition(b":")
    if colon:
        record.username = body_text(name, None)
        record.password = "<hidden>" if mask_passwords else body_text(password, None)
    else:
        record.username = f"<problem-decoding> ({value})"


def _unescaped(uri: str) -> str:
    data = unquote_to_bytes(uri)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
