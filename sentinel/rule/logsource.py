"""Which kinds of event a rule's `logsource` means, and the fields that are made only where a rule asks for them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from sentinel.rule.personal import citizen_numbers, credit_codes, digests, mobile_numbers
from sentinel.rule.rule import LogSource
from sentinel.rule.view import shipped_pipelines, views_of

__all__ = ["COMPUTED", "OUR_PRODUCTS", "kind_of", "kinds_of"]

OUR_PRODUCTS = frozenset({"sentinel", "zeek"})
"""For these `service` is the kind of event."""


def kind_of(source: LogSource) -> str | None:
    """The kind of event that `source` means by itself; None where it means records of another product."""
    return source.service if source.product in OUR_PRODUCTS else None


def kinds_of(source: LogSource) -> tuple[str, ...]:
    """The kinds of event that rules of `source` see, in any view."""
    views = views_of(source, shipped_pipelines())
    return tuple(dict.fromkeys(kind for view in views if (kind := kind_of(view.source)) is not None))


_ESCAPED = re.compile(r"(?:%u|\\u)00([0-7][0-9a-fA-F])|\\x([0-7][0-9a-fA-F])")
"""ASCII as IIS takes it in addresses (`%u0027`), and as JSON and scripts write it (`\\u0027`, `\\x27`)."""
_OVERLONG = re.compile(r"%[cC]([01])%([89abAB][0-9a-fA-F])")
"""ASCII as UTF-8 of two bytes, which RFC 3629 section 3 forbids and old servers take."""


def decoded(text: str | None) -> str | None:
    """URL-decoded thrice, since fewer is what an attacker expects a filter to do; other spellings of ASCII too."""
    if text is None or not ("%" in text or "+" in text or "\\" in text):
        return text
    return _decoded(text)


@functools.lru_cache(64)
def _decoded(text: str) -> str:
    """Remembered, since each rule that may hold for an event asks anew."""
    for _ in range(3):
        if "%" not in text and "+" not in text:
            break
        if "%c" in text or "%C" in text:
            text = _OVERLONG.sub(_short, text)
        if "%u" in text:
            text = _ESCAPED.sub(_unescaped, text)
        text = unquote_plus(text, errors="replace")
    if "\\u00" in text or "\\x" in text:
        text = _ESCAPED.sub(_unescaped, text)
    return text


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1] or match[2], 16))


def _short(match: re.Match[str]) -> str:
    return chr(int(match[1]) << 6 | int(match[2], 16) & 0x3F)


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def _stub_text(stub: Any) -> str | None:
    """Parameters of a call as text: UTF-16 and ASCII alike, since Latin-1 letters differ by NULs only."""
    return stub.replace(b"\0", b"").decode("latin-1") if isinstance(stub, bytes) else None


def _uri_path(event: Any) -> str | None:
    return None if event.uri is None else event.uri.partition("?")[0]


def _uri_query(event: Any) -> str | None:
    return None if event.uri is None else event.uri.partition("?")[2]


def _uri_extension(event: Any) -> str | None:
    path = _uri_path(event)
    if path is None:
        return None
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2] if "." in name else ""


def _url(event: Any) -> str | None:
    if event.uri is None or "://" in event.uri[:12]:
        return event.uri  # type: ignore[no-any-return]
    return f"http://{event.host or event.resp_h}{event.uri}"


def _estimate(text: str | None, length: int) -> int | None:
    """How many different citizen numbers a whole body has, where its beginning is all that was kept."""
    found = digests(text, citizen_numbers)
    if text is None or found is None:
        return None
    return round(len(found) * max(1.0, length / len(text.encode("utf-8", "surrogatepass"))))


COMPUTED: dict[str, dict[str, Callable[[Any], Any]]] = {
    "http": {
        "citizen_numbers": lambda event: digests(event.server_body, citizen_numbers),
        "citizen_numbers_answered": lambda event: _estimate(event.server_body, event.response_body_len),
        "citizen_numbers_sent": lambda event: _estimate(event.client_body, event.request_body_len),
        "credit_codes": lambda event: digests(event.server_body, credit_codes),
        "mobile_numbers": lambda event: digests(event.server_body, mobile_numbers),
        "client_body_decoded": lambda event: decoded(_text(event.client_body)),
        "uri_decoded": lambda event: decoded(event.original_uri or event.uri),
        "uri_extension": _uri_extension,
        "uri_path": _uri_path,
        "uri_query": _uri_query,
        "url": _url,
    },
    "dce_rpc": {
        "stub_hex": lambda event: event.stub.hex() if isinstance(event.stub, bytes) else None,
        "stub_text": lambda event: _stub_text(event.stub),
    },
    "dns": {"query_length": lambda event: None if event.query is None else len(event.query)},
}
"""Fields that events do not carry, made from those they do, only where a rule asks for them."""
