"""Robots of chat groups: what each wants to be sent, and what it answers when it took it.

Sources: developer documentation of 企业微信 (群机器人), 钉钉 (自定义机器人安全设置) and 飞书 (自定义机器人). All three
answer 200 also to what they refuse; whether it was taken stands in the body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote_plus

__all__ = ["ROBOTS", "Robot", "Signed"]


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature adds to a request."""

    query: str = ""
    members: str = ""
    """Members of the body's object, as JSON, each followed by a comma."""


@dataclass(frozen=True, slots=True)
class Robot:
    """One make."""

    body: str
    """Template; `{signed}` stands for what a signature adds."""
    expect: str
    longest: int
    """Bytes (UTF-8) of a text that it takes."""
    sign: Callable[[str, float], Signed] | None = None
    """Given the key and the time."""


def _dingtalk(key: str, now: float) -> Signed:
    stamp = round(now * 1000)
    digest = hmac.digest(key.encode(), f"{stamp}\n{key}".encode(), hashlib.sha256)
    return Signed(query=f"timestamp={stamp}&sign={quote_plus(base64.b64encode(digest))}")


def _feishu(key: str, now: float) -> Signed:
    stamp = round(now)
    digest = hmac.digest(f"{stamp}\n{key}".encode(), b"", hashlib.sha256)
    return Signed(members=f'"timestamp": "{stamp}", "sign": "{base64.b64encode(digest).decode()}", ')


ROBOTS: Final = {
    "wecom": Robot('{{signed}"msgtype": "text", "text": {"content": "{text}"}}', '"errcode":0', 2048),
    "dingtalk": Robot(
        '{{signed}"msgtype": "text", "text": {"content": "{text}"}}', '"errcode":0', 16_000, _dingtalk
    ),
    "feishu": Robot(
        '{{signed}"msg_type": "text", "content": {"text": "{text}"}}', '"code":0', 16_000, _feishu
    ),
}
"""By the names that `robot` of a channel may have."""
