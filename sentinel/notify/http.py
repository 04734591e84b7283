"""The HTTP channel: one request a message, made from a template."""

from __future__ import annotations

import http.client
import json
import re
import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from sentinel.notify.fault import DeliveryError
from sentinel.notify.settings import ChannelSettings
from sentinel.secret import SecretError, reveal
from sentinel.text import text

__all__ = ["fill", "post"]

_FIELD: Final = re.compile(r"\{([a-z_]+)\}")
_ANSWER: Final = 65536
"""Bytes of an answer that are looked at."""


def fill(template: str, fields: Mapping[str, str]) -> str:
    """`template` with `{name}` replaced, escaped for a JSON string; braces of anything else stay."""
    return _FIELD.sub(lambda found: _escaped(fields[found[1]]) if found[1] in fields else found[0], template)


def _escaped(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]


def post(channel: ChannelSettings, fields: Mapping[str, str]) -> None:
    """Send one message and judge the answer. Blocks. Raises DeliveryError.

    Redirects are not followed: a message goes to the declared host or nowhere.
    """
    try:
        headers = dict(_header(line) for line in channel.headers)
        address = reveal(channel.url)
    except SecretError as error:
        raise DeliveryError(str(error)) from error
    headers["Idempotency-Key"] = fields.get("id", "")
    body = fill(channel.body, fields).encode("utf-8", "replace")
    try:
        url = urlsplit(address)
        connection = _connection(url.scheme, url.netloc.rpartition("@")[2], channel)
    except (ValueError, OSError, http.client.InvalidURL) as error:
        raise DeliveryError(text("notify.unusable")) from error
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        content = answer.read(_ANSWER)
    except (OSError, http.client.HTTPException, ValueError) as error:
        # ValueError's own text would quote the address or a header, secrets included
        reason = type(error).__name__ if isinstance(error, ValueError | http.client.InvalidURL) else error
        raise DeliveryError(text("notify.unreachable", reason=reason)) from error
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        raise DeliveryError(text("notify.status", status=answer.status))
    if "".join(channel.expect.split()) not in "".join(content.decode("utf-8", "replace").split()):
        raise DeliveryError(text("notify.unexpected"))


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), reveal(value.strip())


def _connection(scheme: str, host: str, channel: ChannelSettings) -> http.client.HTTPConnection:
    if scheme == "http" and host:
        return http.client.HTTPConnection(host, timeout=channel.timeout)
    if scheme == "https" and host:
        context = ssl.create_default_context(cafile=channel.authority or None)
        return http.client.HTTPSConnection(host, timeout=channel.timeout, context=context)
    raise ValueError(scheme)
