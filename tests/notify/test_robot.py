"""Robots: the body that each wants, its signature, and the answer that counts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pytest

from sentinel.notify import ChannelSettings, DeliveryError
from sentinel.notify.send import send
from tests.notify.conftest import Receiver


def channel(receiver: Receiver, robot: str, sign: str = "") -> ChannelSettings:
    return ChannelSettings(name="c", url=receiver.url("/send?key=k"), robot=robot, sign=sign)


@pytest.mark.parametrize(
    ("robot", "answer", "content"),
    [
        ("wecom", '{"errcode": 0, "errmsg": "ok"}', lambda body: body["text"]["content"]),
        ("dingtalk", '{"errcode":0,"errmsg":"ok"}', lambda body: body["text"]["content"]),
        ("feishu", '{"code":0,"msg":"success"}', lambda body: body["content"]["text"]),
    ],
)
def test_a_robot_gets_its_own_body_and_its_refusal_is_one(
    receiver: Receiver, robot: str, answer: str, content: object
) -> None:
    receiver.answers = [(200, answer), (200, '{"errcode": 45009, "code": 45009}')]
    send(channel(receiver, robot), {"text": '事件 "甲"'})
    assert content(json.loads(receiver.taken[0][2])) == '事件 "甲"'  # type: ignore[operator]
    with pytest.raises(DeliveryError, match="45009"):
        send(channel(receiver, robot), {"text": "x"})


def test_a_long_text_is_cut_where_a_character_ends(receiver: Receiver) -> None:
    send(channel(receiver, "wecom"), {"text": "警" * 2000})
    said = json.loads(receiver.taken[0][2])["text"]["content"]
    assert len(said.encode()) <= 2048
    assert said == "警" * 681 + "…"


def test_dingtalk_is_signed(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DING", "SECx")
    send(channel(receiver, "dingtalk", "${env:DING}"), {"text": "x"})
    query = parse_qs(urlsplit(receiver.taken[0][0]).query)
    assert query["key"] == ["k"]
    wanted = hmac.new(b"SECx", f"{query['timestamp'][0]}\nSECx".encode(), hashlib.sha256).digest()
    assert base64.b64decode(query["sign"][0]) == wanted


def test_feishu_is_signed(receiver: Receiver) -> None:
    receiver.answers = [(200, '{"code":0}')]
    send(channel(receiver, "feishu", "key"), {"text": "{sign}"})
    body = json.loads(receiver.taken[0][2])
    wanted = hmac.new(f"{body['timestamp']}\nkey".encode(), b"", hashlib.sha256).digest()
    assert base64.b64decode(body["sign"]) == wanted
    assert body["content"]["text"] == "{sign}"


@pytest.mark.parametrize("robot", ["wecom", "dingtalk"])
def test_apprise_takes_a_refusal_of_these_robots_for_a_delivery(receiver: Receiver, robot: str) -> None:
    """Why we post to robots ourselves (decision 0080). Where this fails, Apprise has become able to."""
    import apprise
    from apprise.plugins.dingtalk import NotifyDingTalk
    from apprise.plugins.wecombot import NotifyWeComBot

    receiver.answers = [(200, '{"errcode": 45009, "errmsg": "api freq out of limit"}')]
    plugin, address = {
        "wecom": (NotifyWeComBot, "wecombot://0123456789abcdef"),
        "dingtalk": (NotifyDingTalk, "dingtalk://0123456789abcdef"),
    }[robot]
    with mock.patch.object(
        plugin,
        "notify_url",
        receiver.url("/?key={key}&token={token}").replace("{token}" if robot == "wecom" else "{key}", ""),
    ):
        service = apprise.Apprise.instantiate(address)
        assert service.notify(body="x") is True
    with pytest.raises(DeliveryError, match="45009"):
        send(channel(receiver, robot), {"text": "x"})
    assert len(receiver.taken) == 2
