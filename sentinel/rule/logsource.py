"""Which kinds of event a rule's `logsource` means, and what its fields are called there.

One table for all. A logsource of another product maps to no kind: the rule loads, and never sees traffic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from sentinel.rule.rule import LogSource

__all__ = ["COMPUTED", "kinds_of", "wire_name"]

OUR_PRODUCTS = frozenset({"sentinel", "zeek"})
"""For these `service` is the kind of event."""

CATEGORY_KINDS: dict[str, tuple[str, ...]] = {
    "dns": ("dns",),
    "proxy": ("http",),
    "webserver": ("http",),
    "firewall": ("conn",),
    "network_connection": ("conn",),
}
"""Sigma's generic categories, for rules without a product or with one of ours."""

_WEB = {
    "c-uri": "url",
    "c-uri-query": "uri_query",
    "c-uri-stem": "uri_path",
    "c-uri-extension": "uri_extension",
    "c-useragent": "user_agent",
    "c-ip": "id.orig_h",
    "cs-cookie": "cookie",
    "cs-content-type": "content_type",
    "cs-host": "host",
    "cs-ip": "id.resp_h",
    "cs-method": "method",
    "cs-referer": "referrer",
    "cs-referrer": "referrer",
    "cs-uri": "uri",
    "cs-uri-query": "uri",
    "cs-uri-stem": "uri_path",
    "cs-user-agent": "user_agent",
    "cs-username": "username",
    "cs-version": "version",
    "cs-bytes": "request_body_len",
    "r-dns": "host",
    "r-ip": "id.resp_h",
    "r-port": "id.resp_p",
    "sc-bytes": "response_body_len",
    "sc-status": "status_code",
    "dst_ip": "id.resp_h",
    "dst_port": "id.resp_p",
    "src_ip": "id.orig_h",
    "src_port": "id.orig_p",
}
"""W3C extended log names. `cs-uri-query` is the whole request target, as public rules use it."""

_FLOW = {
    "DestinationHostname": "resp_host",
    "DestinationIp": "id.resp_h",
    "DestinationPort": "id.resp_p",
    "Protocol": "proto",
    "SourceIp": "id.orig_h",
    "SourcePort": "id.orig_p",
    "dst_ip": "id.resp_h",
    "dst_port": "id.resp_p",
    "protocol": "proto",
    "src_ip": "id.orig_h",
    "src_port": "id.orig_p",
}

FIELD_NAMES: dict[str, dict[str, str]] = {
    "dns": {
        "QueryName": "query",
        "answer": "answers",
        "dst_ip": "id.resp_h",
        "record_type": "qtype_name",
        "src_ip": "id.orig_h",
    },
    "proxy": _WEB,
    "webserver": _WEB,
    "firewall": _FLOW,
    "network_connection": _FLOW,
}
"""For each category, the rule's name of a field and the event's wire name. Others are taken as they are."""


def kinds_of(source: LogSource) -> tuple[str, ...]:
    """The kinds of event that `source` means."""
    if source.product is not None and source.product not in OUR_PRODUCTS:
        return ()
    if source.product is not None and source.service is not None:
        return (source.service,)
    return CATEGORY_KINDS.get(source.category or "", ())


def wire_name(source: LogSource, field: str) -> str:
    """What a field of a rule is called in our events."""
    names = FIELD_NAMES.get(source.category or "")
    return names.get(field, field) if names else field


def decoded(text: str | None) -> str | None:
    """URL-decoded twice, since one round is what an attacker expects a filter to do."""
    if text is None:
        return None
    for _ in range(2):
        if "%" not in text and "+" not in text:
            break
        text = unquote_plus(text, errors="replace")
    return text


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None


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


COMPUTED: dict[str, dict[str, Callable[[Any], Any]]] = {
    "http": {
        "client_body_decoded": lambda event: decoded(_text(event.client_body)),
        "uri_decoded": lambda event: decoded(event.uri),
        "uri_extension": _uri_extension,
        "uri_path": _uri_path,
        "uri_query": _uri_query,
        "url": _url,
    },
    "dns": {"query_length": lambda event: None if event.query is None else len(event.query)},
}
"""Fields that events do not carry, made from those they do, only where a rule asks for them."""
