"""The HTTP channel: one request a message, made from a template."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult

from sentinel.notify.fault import DeliveryError
from sentinel.notify.settings import ChannelSettings
from sentinel.notify.template import fill
from sentinel.secret import reveal
from sentinel.text import text

__all__ = ["post"]

_ANSWER: Final = 65536
"""Bytes of an answer that are looked at."""


def post(channel: ChannelSettings, url: SplitResult, fields: Mapping[str, str]) -> None:
    """Post one message to `url` and judge the answer. Blocks. Raises DeliveryError, SecretError.

    Redirects are not followed: a message goes to the declared host or nowhere.
    """
    headers = dict(_header(line) for line in channel.headers)
    headers["Idempotency-Key"] = fields.get("id", "")
    body = fill(channel.body, fields).encode("utf-8", "replace")
    try:
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
