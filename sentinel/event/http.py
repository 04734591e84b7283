"""`http`: one HTTP/1 request and its response (Zeek's http.log), with more for rules to look at."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Http"]


class Http(FlowEvent, kw_only=True):
    """A request with its response, or either alone where the other was never seen."""

    kind: ClassVar[str] = "http"
    unwritten: ClassVar[frozenset[str]] = frozenset({"client_body", "server_body"})

    trans_depth: int
    """Which pair of its flow, from 1."""
    method: str | None = None
    host: str | None = None
    """The Host header as it stands, with a port where there is one."""
    uri: str | None = None
    """The request target, percent-decoded once."""
    original_uri: str | None = None
    """The request target as sent, where decoding changed it."""
    referrer: str | None = None
    version: str | None = None
    """The response's version: `1.1`."""
    user_agent: str | None = None
    origin: str | None = None
    request_body_len: int
    """Bytes of the body, unpacked."""
    response_body_len: int
    status_code: int | None = None
    status_msg: str | None = None
    info_code: int | None = None
    """The last 1xx status before the final one."""
    info_msg: str | None = None
    tags: list[str] = []
    """What is wrong with the framing: `HTTP::CONFLICTING_CONTENT_LENGTH` …, signs of request smuggling."""
    username: str | None = None
    """From Basic authentication."""
    password: str | None = None
    """The same, or `<hidden>`."""
    proxied: list[str] | None = None
    """`<HEADER> -> <value>` of headers that proxies add."""
    orig_mime_types: list[str] | None = None
    """What the request's body is by its first bytes."""
    resp_mime_types: list[str] | None = None

    cookie: str | None = None
    set_cookie: str | None = None
    accept: str | None = None
    content_type: str | None = None
    """Of the request."""
    resp_content_type: str | None = None
    authorization: str | None = None
    """The scheme alone: `Basic`, `Bearer` …"""
    x_forwarded_for: str | None = None
    location: str | None = None
    """Where a redirection leads."""
    server: str | None = None
    """What the server says it is."""
    client_header_names: list[str] | None = None
    """Names of the request's headers in order, in upper case."""
    server_header_names: list[str] | None = None
    client_body: str | None = None
    """The beginning of the request's body as text, after unpacking; for rules only."""
    server_body: str | None = None
