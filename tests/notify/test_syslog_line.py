"""Single alerts by syslog: many over one connection, in their order, each whole and known by its id."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from sentinel.event import Alert, Level
from sentinel.intake.chunk import Inlet
from sentinel.intake.pairs import read_cef
from sentinel.intake.receive import StreamSource, UdpSource, tls_context
from sentinel.notify import (
    ChannelSettings,
    DeliveryError,
    Document,
    Feed,
    NotifySettings,
    Source,
    SyslogLine,
)
from sentinel.store import StoreWriter
from tests.intake.test_receive import lines_of, no_report, running
from tests.mosquitto import certificate
from tests.notify.test_syslog import HERE, read


def documents(number: int) -> list[Document]:
    return [
        Document(
            place,
            f"a{place}",
            Alert(
                ts=1795600000.25, id=f"a{place}", level=Level.HIGH, title='口令"爆破]', rule_id="r-1", kind="ssh",
                category="NASCAN", src="192.0.2.1", src_port=40000, dst="2001:db8::5", dst_port=22, zone="办公",
                tags=["attack.t1110"],
            ),
        )
        for place in range(number)
    ]  # fmt: skip


@pytest.mark.parametrize("scheme", ["syslog+tcp", "syslog+tls"])
async def test_a_batch_arrives_whole_over_one_connection(scheme: str, tmp_path: Path) -> None:
    certificate(tmp_path)
    pem, key = tmp_path / "server.pem", tmp_path / "server.key"
    inlet = Inlet(1000)
    tls = (lambda: tls_context(pem, key, None)) if scheme == "syslog+tls" else None
    source = StreamSource("syslog", HERE, 0, inlet, no_report, tls=tls)
    async with running(source):
        line = SyslogLine(
            ChannelSettings(name="up", url=f"{scheme}://localhost:{source.port}", authority=str(pem))
        )
        async with line.opened({}):
            assert await line.publish("alerts", documents(200)) == [""] * 200
        lines = await lines_of(inlet, 200)
    events = [read(line) for line in lines]
    assert [event.fields["extra"]["id"] for event in events] == [f"a{place}" for place in range(200)]
    extra = events[0].fields["extra"]
    assert lines[0].startswith(b"<131>1 2026-11-25T09:46:40.250000Z ") and extra["msgid"] == "alert"
    assert (extra["attacker"], extra["victim"], extra["victim_port"]) == ("192.0.2.1", "2001:db8::5", "22")
    assert (extra["rule"], extra["zone"], extra["severity"]) == ("r-1", "办公", "high")
    assert events[0].fields["message"] == '口令"爆破]'


async def test_as_cef_each_names_its_rule_and_ports() -> None:
    inlet = Inlet(10)
    source = UdpSource("syslog", HERE, 0, inlet, no_report)
    async with running(source):
        line = SyslogLine(ChannelSettings(name="up", url=f"syslog+udp://{HERE}:{source.port}", form="cef"))
        await line.publish("alerts", documents(2))
        first, second = await lines_of(inlet, 2)
    said = read_cef(first.decode()[first.decode().index("CEF:") :])
    assert said is not None
    assert {name: said[name] for name in ("externalId", "src", "spt", "dpt", "c6a3", "cs6")} == {
        "externalId": "a0", "src": "192.0.2.1", "spt": "40000", "dpt": "22", "c6a3": "2001:db8::5", "cs6": "办公",
    }  # fmt: skip
    assert b"|r-1|" in first and b"|7|" in first and b"externalId=a1" in second


async def test_nobody_there_is_told() -> None:
    line = SyslogLine(ChannelSettings(name="up", url=f"syslog+tcp://{HERE}:1"))
    with pytest.raises(DeliveryError):
        await line.publish("alerts", documents(1))


@pytest.mark.parametrize("url", ["syslog+tcp://[", "syslog+tcp://h:x"])
async def test_an_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(DeliveryError):
        await SyslogLine(ChannelSettings(name="up", url=url)).publish("alerts", documents(1))


async def test_no_minute_has_more_than_the_pace_after_a_restart_neither(tmp_path: Path) -> None:
    inlet = Inlet(1000)
    receiver = UdpSource("syslog", HERE, 0, inlet, no_report)
    now, waited, told = 1000.0, 0, 0

    async def pause(seconds: float) -> None:
        nonlocal waited
        waited += 1
        await asyncio.sleep(0.005)

    def tell(feed: str, outcome: str, reason: str, number: int) -> None:
        nonlocal told
        told += number if outcome == "delivered" else 0

    async def until(said: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not said():
                await asyncio.sleep(0.005)

    async with running(receiver), StoreWriter(tmp_path / "s.sqlite") as writer:
        line = SyslogLine(ChannelSettings(name="up", url=f"syslog+udp://{HERE}:{receiver.port}"))
        log = [Document(place + 1, one.id, one.content) for place, one in enumerate(documents(50))]
        source = Source(lambda db, position, limit: log[position : position + limit], lambda db: len(log))
        grown, log = log, []
        feed = Feed(
            "up", line, NotifySettings(), {"alerts": source}, writer, tell, pace=20, clock=lambda: now, pause=pause
        )  # fmt: skip
        await feed.begin()
        log = grown
        task = asyncio.create_task(feed.run())
        for minute, total in enumerate(
            (0, 20, 40, 50)
        ):  # the life before may have sent all that a minute takes
            now = 1000.0 + 60 * minute
            await until(lambda total=total: told >= total)  # type: ignore[misc]
            idle = waited
            await until(lambda idle=idle: waited > idle + 2)  # type: ignore[misc]
            assert told == total
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        lines = await lines_of(inlet, 50)
    assert [read(one).fields["extra"]["id"] for one in lines] == [f"a{place}" for place in range(50)]
