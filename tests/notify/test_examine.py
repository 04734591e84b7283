"""What is wrong with a channel is said before anything is sent, and no secret with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.notify import ChannelSettings, FeedSettings
from sentinel.notify.examine import examine
from tests.mosquitto import certificate

FEED = FeedSettings(name="f", broker="mqtts://b", site="s")


@pytest.mark.parametrize(
    "url",
    [
        "https://gateway.example/send?key=${env:KEY}",
        "mqtts://broker.example/t",
        "syslog+tls://log.example",
        "mailtos://smtp.example?user=u&pass=${env:KEY}&from=a@example.com&to=b@example.com",
    ],
)
def test_what_can_be_used(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "p@ss/word")
    assert list(examine(ChannelSettings(name="c", url=url))) == []


@pytest.mark.parametrize(
    "url", ["https:///send", "nosuch://x", "mailto://", "syslog+udp://h:x", "duty@example.com"]
)
def test_what_is_no_address(url: str) -> None:
    (reason,) = examine(ChannelSettings(name="c", url=url))
    assert "地址" in reason


def test_each_missing_secret_and_bad_file_is_named_once(tmp_path: Path) -> None:
    channel = ChannelSettings(
        name="c",
        url="https://h/${env:NOT_SET}",
        headers=("A: ${env:NOT_SET}", f"B: ${{file:{tmp_path / 'none'}}}"),
        authority=str(tmp_path / "ca.pem"),
    )
    reasons = list(examine(channel))
    assert len(reasons) == 3
    assert all(word in " ".join(reasons) for word in ("NOT_SET", "none", "ca.pem"))


def test_certificates(tmp_path: Path) -> None:
    certificate(tmp_path)
    pem, key = str(tmp_path / "server.pem"), str(tmp_path / "server.key")
    good = FeedSettings(name="f", broker="mqtts://b", site="s", authority=pem, certificate=pem, key=key)
    assert list(examine(good)) == []
    (reason,) = examine(FeedSettings(name="f", broker="mqtts://b", site="s", certificate=pem))
    assert "server.pem" in reason
    assert list(examine(FEED)) == []
