"""The HTTP channel: one request a message, made from a template."""

from __future__ import annotations

import http.client
import re
import ssl
import time
from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult

from sentinel.notify.fault import DeliveryError
from sentinel.notify.robot import ROBOTS, Signed
from sentinel.notify.settings import ChannelSettings
from sentinel.notify.template import fill
from sentinel.secret import reveal
from sentinel.text import text

__all__ = ["post"]

_ANSWER: Final = 65536
"""Bytes of an answer that are looked at."""
_CODE: Final = re.compile(r'"(?:errcode|code|StatusCode)"\s*:\s*(-?\d{1,9})\b')
"""Where an answer says why it is none."""


def post(channel: ChannelSettings, url: SplitResult, fields: Mapping[str, str]) -> None:
    """Post one message to `url` and judge the answer. Blocks. Raises DeliveryError, SecretError.

    Redirects are not followed: a message goes to the declared host or nowhere.
    """
    headers = dict(_header(line) for line in channel.headers)
    headers["Idempotency-Key"] = fields.get("id", "")
    template, expect, signed = channel.body, channel.expect, Signed()
    robot = ROBOTS.get(channel.robot)
    if robot is not None:
        template, expect = template or robot.body, expect or robot.expect
        fields = {**fields, "text": _clipped(fields.get("text", ""), robot.longest)}
        if channel.sign and robot.sign is not None:
            signed = robot.sign(reveal(channel.sign), time.time())
    body = fill(template.replace("{signed}", signed.members), fields).encode("utf-8", "replace")
    try:
        connection = _connection(url.scheme, url.netloc.rpartition("@")[2], channel)
    except (ValueError, OSError, http.client.InvalidURL) as error:
        raise DeliveryError(text("notify.unusable")) from error
    query = "&".join(filter(None, (url.query, signed.query)))
    path = (url.path or "/") + (f"?{query}" if query else "")
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
    said = content.decode("utf-8", "replace")
    if "".join(expect.split()) not in "".join(said.split()):
        code = _CODE.search(said)
        reason = text("notify.code", code=code[1]) if code else ""
        raise DeliveryError(text("notify.unexpected") + reason)


def _clipped(words: str, longest: int) -> str:
    """`words` in at most `longest` bytes, so that a long text is told in part and not refused as a whole."""
    data = words.encode("utf-8", "replace")
    return words if len(data) <= longest else data[: longest - 3].decode("utf-8", "ignore") + "…"


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
