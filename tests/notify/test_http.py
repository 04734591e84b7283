"""One request a message: filled, secret, judged by the answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sentinel.notify import ChannelSettings, DeliveryError
from sentinel.notify.send import send
from sentinel.notify.template import fill
from tests.notify.conftest import Receiver

BODY = '{"msgtype": "text", "text": {"content": "{text}"}, "other": "{unknown}"}'


def channel(url: str, **more: object) -> ChannelSettings:
    return ChannelSettings(name="c", url=url, body=BODY, expect='"errcode":0', **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("said", ['引号" 反斜杠\\ 换行\n', "{title}", "${env:HOME}"])
def test_whatever_a_text_holds_the_body_stays_json_and_holds_just_it(said: str) -> None:
    filled = json.loads(fill(BODY, {"text": said, "title": "T"}))
    assert filled["text"]["content"] == said
    assert filled["other"] == "{unknown}"


def test_secrets_are_put_in_and_the_id_is_told(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "token"
    secret.write_text("tok\n")
    secret.chmod(0o600)
    monkeypatch.setenv("ROBOT_KEY", "k-1")
    headers = ("Content-Type: application/json", f"Authorization: Bearer ${{file:{secret}}}")
    send(channel(receiver.url("/send?key=${env:ROBOT_KEY}"), headers=headers), {"id": "m1", "text": "事件"})
    ((path, told, body),) = receiver.taken
    assert path == "/send?key=k-1"
    assert (told["Authorization"], told["Idempotency-Key"]) == ("Bearer tok", "m1")
    assert json.loads(body)["text"]["content"] == "事件"


def test_a_secret_that_others_can_read_is_not_used(receiver: Receiver, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("tok")
    secret.chmod(0o644)
    with pytest.raises(DeliveryError, match="0600"):
        send(channel(receiver.url(f"/?k=${{file:{secret}}}")), {"text": "t"})
    assert receiver.taken == []


@pytest.mark.parametrize(
    "answer", [(500, ""), (429, ""), (302, '{"errcode":0}'), (200, '{"errcode":45009}'), (200, "")]
)
def test_an_answer_that_is_no_success_is_an_error(receiver: Receiver, answer: tuple[int, str]) -> None:
    receiver.answers = [answer]
    with pytest.raises(DeliveryError):
        send(channel(receiver.url()), {"text": "t"})
    assert len(receiver.taken) == 1, "a redirect is not followed"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/s?key=${env:ROBOT_KEY}",
        "ftp://h/${env:ROBOT_KEY}",
        "http://h:x${env:ROBOT_KEY}/",
        "http://127.0.0.1:1/ ${env:ROBOT_KEY}",
    ],
)
def test_no_error_quotes_a_secret(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROBOT_KEY", "s3cret")
    with pytest.raises(DeliveryError) as caught:
        send(channel(url), {"text": "t"})
    assert "s3cret" not in str(caught.value)
