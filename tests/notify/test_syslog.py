"""Syslog, taken by our own intake over UDP, TCP and TLS: one message is one record with all that it said."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.event import Log
from sentinel.intake.catalogue import Catalogue
from sentinel.intake.chunk import Inlet
from sentinel.intake.pairs import read_cef
from sentinel.intake.reader import LineReader
from sentinel.intake.receive import StreamSource, UdpSource, tls_context
from sentinel.intake.record import Origin
from sentinel.notify import ChannelSettings, DeliveryError
from sentinel.notify.send import send
from sentinel.notify.syslog import syslog_message
from tests.intake.test_receive import lines_of, no_report, running
from tests.mosquitto import certificate

HERE = "127.0.0.1"
CATALOGUE = Catalogue.load()
FIELDS = {
    "id": "m1",
    "title": "扫描",
    "number": "20261125-0001",
    "code": "created",
    "grade": "2",
    "severity": "high",
    "department": '政数局 "甲"]\\',
    "text": "【重大】新事件\n20261125-0001",
    "ts": "1795600000.25",
}
CHANNEL = ChannelSettings(name="up", url="syslog+udp://unused")


def read(message: bytes) -> Log:
    reader = LineReader(CATALOGUE, Origin("here", zone=UTC, reference=0.0))
    (event,) = reader.events(message.decode())
    assert isinstance(event, Log)
    return event


async def test_udp() -> None:
    inlet = Inlet(10)
    source = UdpSource("syslog", HERE, 0, inlet, no_report)
    async with running(source):
        channel = replace(CHANNEL, url=f"syslog+udp://{HERE}:{source.port}")
        await asyncio.to_thread(send, channel, FIELDS)
        (line,) = await lines_of(inlet, 1)
        await asyncio.to_thread(send, channel, {**FIELDS, "text": "警" * 3000})
        (long,) = await lines_of(inlet, 1)
    assert line == syslog_message(CHANNEL, FIELDS)
    assert len(long) <= 2048 and long.decode().endswith("警")


async def test_tcp_and_tls_hand_over_several_messages_each_whole(tmp_path: Path) -> None:
    certificate(tmp_path)
    pem, key = tmp_path / "server.pem", tmp_path / "server.key"
    for scheme, tls in (("syslog+tcp", None), ("syslog+tls", lambda: tls_context(pem, key, None))):
        inlet = Inlet(10)
        source = StreamSource("syslog", HERE, 0, inlet, lambda *_: None, tls=tls)
        async with running(source):
            url = f"{scheme}://localhost:{source.port}"
            channel = replace(CHANNEL, url=url, authority=str(pem))
            for number in range(3):
                await asyncio.to_thread(send, channel, {**FIELDS, "id": str(number)})
            lines = await lines_of(inlet, 3)
            wanted = [syslog_message(CHANNEL, {**FIELDS, "id": str(number)}) for number in range(3)]
            assert lines == wanted
            if tls is not None:
                with pytest.raises(DeliveryError):
                    await asyncio.to_thread(send, replace(channel, authority=""), FIELDS)


async def test_a_server_that_wants_a_certificate_gets_ours_or_nothing_counts_as_delivered(
    tmp_path: Path,
) -> None:
    certificate(tmp_path)
    pem, key = tmp_path / "server.pem", tmp_path / "server.key"
    inlet = Inlet(10)
    source = StreamSource("syslog", HERE, 0, inlet, lambda *_: None, tls=lambda: tls_context(pem, key, pem))
    async with running(source):
        channel = replace(CHANNEL, url=f"syslog+tls://localhost:{source.port}", authority=str(pem))
        with pytest.raises(DeliveryError):
            await asyncio.to_thread(send, channel, FIELDS)
        await asyncio.to_thread(send, replace(channel, certificate=str(pem), key=str(key)), FIELDS)
        assert await lines_of(inlet, 1) == [syslog_message(CHANNEL, FIELDS)]


def test_nobody_there_is_told() -> None:
    with socket.socket() as free:
        free.bind((HERE, 0))
        port = free.getsockname()[1]
    with pytest.raises(DeliveryError):
        send(replace(CHANNEL, url=f"syslog+tcp://{HERE}:{port}"), FIELDS)


def test_our_own_intake_reads_what_was_said() -> None:
    event = read(syslog_message(CHANNEL, FIELDS))
    assert event.ts == 1795600000.25
    assert event.fields["message"] == "【重大】新事件 20261125-0001"
    fields = event.fields["extra"]
    assert (fields["id"], fields["number"], fields["msgid"]) == ("m1", "20261125-0001", "created")
    assert fields["department"] == FIELDS["department"]


def test_priority_says_facility_and_gravity() -> None:
    assert syslog_message(CHANNEL, FIELDS).startswith(b"<130>1 2026-11-25T09:46:40.250000Z ")
    assert syslog_message(replace(CHANNEL, facility=4), {**FIELDS, "grade": "4"}).startswith(b"<36>1 ")
    assert syslog_message(CHANNEL, {**FIELDS, "drill": "【演练】"}).startswith(b"<133>1 ")


def test_cef_goes_as_the_message() -> None:
    message = syslog_message(replace(CHANNEL, form="cef"), FIELDS).decode()
    fields = read_cef(message)
    assert " - CEF:0|" in message
    assert fields is not None and fields["externalId"] == "20261125-0001"


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
def test_no_value_leaves_its_quotes(value: str) -> None:
    message = syslog_message(CHANNEL, {**FIELDS, "department": value}).decode()
    assert "\n" not in message and "\r" not in message
    event = read(message.encode())
    assert event.fields["message"] == "【重大】新事件 20261125-0001"
