"""Secrets of every way out: however it fails, no line of the log and no byte of the database holds one."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.desk.feed import FeedDesk
from sentinel.desk.incident import IncidentDesk
from sentinel.desk.notify import NotifyDesk
from sentinel.event import Alert, Level
from sentinel.incident import IncidentSettings
from sentinel.log import set_up_log
from sentinel.notify import ChannelSettings, FeedSettings, NotifySettings
from sentinel.store import AlertStore, StoreWriter
from sentinel.store.outbox import OutboxStore
from tests.mosquitto import HERE, Broker, hashed_passwords, needs_mosquitto
from tests.notify.conftest import Receiver, receiver

__all__ = ["receiver"]
pytestmark = needs_mosquitto
SECRET = "pl4ntedS3cret"
ALERT = Alert(ts=1e9, id="a1", level=Level.HIGH, title="扫描", rule_id="r", kind="conn", src="192.0.2.1")
KEY = "${env:PLANTED}"


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """All that any logger says, at its most talkative."""
    monkeypatch.setenv("PLANTED", SECRET)
    root = logging.getLogger()
    former = root.handlers[:], root.level, logging.getLogger("sentinel").level, logging.raiseExceptions
    stream = io.StringIO()
    set_up_log("debug", "json", stream)
    root.setLevel(logging.DEBUG)
    yield stream
    root.handlers[:], level, ours, logging.raiseExceptions = former
    root.setLevel(level)
    logging.getLogger("sentinel").setLevel(ours)
    logging.captureWarnings(False)


def channels(url: str, port: int) -> tuple[ChannelSettings, ...]:
    """Each with the secret where such a channel has one, and each fails."""
    return (
        ChannelSettings(name="http", url=f"{url}?key={KEY}", body="{text}", headers=(f"Authorization: {KEY}",)),
        ChannelSettings(name="robot", url=f"{url}?access_token={KEY}", robot="dingtalk", sign=KEY),
        ChannelSettings(name="nobody", url=f"http://{KEY}@127.0.0.1:9/{KEY}", body="{text}"),
        ChannelSettings(name="broken", url=f"https://{KEY}:port:/", body="{text}"),
        ChannelSettings(name="hook", url=url.replace("http", "json", 1) + f"?+X-Key={KEY}"),
        ChannelSettings(name="mail", url=f"mailto://127.0.0.1:9?user=u&pass={KEY}&smtp=127.0.0.1&to=a@b.example"),
        ChannelSettings(name="broker", url=f"mqtt://{HERE}:{port}/t", user="u", password=KEY, body="{text}"),
        ChannelSettings(name="syslog", url=f"syslog+tcp://127.0.0.1:9/{KEY}"),
    )  # fmt: skip


async def test_no_log_and_no_database_holds_a_secret(
    tmp_path: Path, receiver: Receiver, logged: io.StringIO
) -> None:
    receiver.answers = [(500, SECRET)]
    broker = Broker(tmp_path)
    passwords = hashed_passwords(tmp_path, "u:other\n")
    broker.lines = [
        "allow_anonymous false",
        f"password_file {passwords}",
        f"user {Path('/proc/self').owner()}",
    ]
    await broker.start()
    feed = FeedSettings(
        name="feed", broker=f"mqtt://{HERE}:{broker.port}", site="s", user="u", password=KEY, timeout=5.0
    )
    ways = channels(receiver.url(), broker.port)
    settings = NotifySettings(retry=0.1, retry_max=0.1, give_up=0.3, channels=ways, feeds=(feed,))
    try:
        async with StoreWriter(tmp_path / "s.sqlite") as writer, asyncio.timeout(60):
            feeds, desk = FeedDesk(settings, writer), NotifyDesk(settings, writer)
            await feeds.begin()
            await AlertStore(writer).add([ALERT])
            await IncidentDesk(IncidentSettings(), writer, within=[desk.within]).take()
            tasks = [
                asyncio.create_task(desk.run()),
                *(asyncio.create_task(feeds.follow(one)) for one in feeds.feeds),
            ]
            failed = {(way.name, "failed") for way in ways}
            while (
                not failed <= (await writer.run(lambda db: OutboxStore(db).counts())).keys()
                or '"feed"' not in logged.getvalue()
            ):
                await asyncio.sleep(0.05)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        broker.stop()
    assert any(SECRET in path for path, _, _ in receiver.taken), "the server got it"
    assert SECRET not in logged.getvalue()
    for file in tmp_path.glob("s.sqlite*"):
        assert SECRET.encode() not in file.read_bytes(), file.name
