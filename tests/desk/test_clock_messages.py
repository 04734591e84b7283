"""From an alert to the message of an escalation: each clock warns, runs out and goes up the roster, on an injected clock."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sentinel.desk.duty import reach
from sentinel.desk.incident import IncidentDesk
from sentinel.desk.notify import NotifyDesk
from sentinel.duty import DutyBook, Person, Role, Shift
from sentinel.event import Alert, Level
from sentinel.incident import IncidentSettings, State
from sentinel.notify import ChannelSettings, Delivery, NotifySettings
from sentinel.store import AlertStore, StoreWriter
from tests.notify.conftest import Receiver, receiver

__all__ = ["receiver"]

START = 1_795_566_600.0
"""2026-11-25 08:30 in China."""
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


class Scene:
    def __init__(self, writer: StoreWriter, receiver: Receiver) -> None:
        self.now = START
        self.writer = writer
        self.receiver = receiver
        channel = ChannelSettings(
            name="robot", url=receiver.url(), body='{"to": "{phone}", "text": "{text}"}', per_minute=1000
        )
        settings = NotifySettings(channels=(channel,))
        notify = NotifyDesk(
            settings, writer, reach=reach, zone=ZoneInfo("Asia/Shanghai"), clock=lambda: self.now
        )
        self.incidents = IncidentDesk(
            IncidentSettings(), writer, clock=lambda: self.now, within=[notify.within]
        )
        self.delivery = Delivery(channel, settings, writer, lambda *told: None, clock=lambda: self.now)

    async def at(self, seconds: float) -> list[tuple[str, str]]:
        """What the server was sent by then: to whose phone, which text."""
        self.now = START + seconds
        before = len(self.receiver.taken)
        await self.incidents.due()
        while await self.delivery.work():
            continue
        bodies = [json.loads(body) for _, _, body in self.receiver.taken[before:]]
        return [(body["to"], body["text"]) for body in bodies]

    async def act(self, verb: str, *arguments: Any, **options: Any) -> None:
        await self.incidents.act(
            lambda handling, connection: (
                getattr(handling, verb)(connection, 1, *arguments, actor="张三", now=self.now, **options)
                or []
            )
        )


@asynccontextmanager
async def scene(path: Path, receiver: Receiver, category: str = "NASCAN") -> AsyncIterator[Scene]:
    async with StoreWriter(path) as writer:
        made = Scene(writer, receiver)
        people = (
            (Role.OFFICER, "张三", "138"),
            (Role.LEADER, "李四", "139"),
            (Role.IN_CHARGE, "王五", "137"),
        )
        shifts = [
            Shift(role, Person(name, phone), START - DAY, START + 60 * DAY) for role, name, phone in people
        ]
        await writer.run(lambda db: DutyBook(db, "t").add_shifts(shifts, "李四", START))
        alert = Alert(
            ts=START, id="a", level=Level.HIGH, title="首页被改", rule_id="r", kind="http", category=category
        )
        await AlertStore(writer, clock=lambda: START).add([alert])
        await made.incidents.take()
        ((phone, words),) = await made.at(0)
        assert phone == "138" and "新事件" in words and "首页被改" in words
        yield made


async def test_nobody_acknowledges(tmp_path: Path, receiver: Receiver) -> None:
    async with scene(tmp_path / "s.sqlite", receiver) as made:
        assert await made.at(5 * MINUTE - 1) == []
        ((phone, words),) = await made.at(5 * MINUTE)
        assert phone == "138" and "时限将到(确认,截止 11-25 08:40)" in words and "值班员 张三" in words
        assert await made.at(10 * MINUTE - 1) == []
        ((phone, words),) = await made.at(10 * MINUTE)
        assert phone == "139" and "已超时限(确认,截止 11-25 08:40)" in words and "带班领导 李四" in words
        ((phone, words),) = await made.at(15 * MINUTE)
        assert phone == "138" and "时限将到(初步研判,截止 11-25 09:00)" in words
        ((phone, words),) = await made.at(25 * MINUTE)
        assert phone == "137" and "事件升级(确认" in words and "负责人 王五" in words
        assert [phone for phone, _ in await made.at(30 * MINUTE)] == ["139"]
        assert [phone for phone, _ in await made.at(45 * MINUTE)] == ["137"]
        assert await made.at(30 * DAY) == [], "each stage is told once"


async def test_who_acknowledges_and_assesses_hears_no_more(tmp_path: Path, receiver: Receiver) -> None:
    async with scene(tmp_path / "s.sqlite", receiver) as made:
        made.now = START + 4 * MINUTE
        await made.act("acknowledge")
        assert await made.at(14 * MINUTE) == []
        ((_, words),) = await made.at(15 * MINUTE)
        assert "初步研判" in words
        await made.act("assess", {})
        assert await made.at(30 * DAY) == []


async def test_changed_pages_have_their_own_clock(tmp_path: Path, receiver: Receiver) -> None:
    async with scene(tmp_path / "s.sqlite", receiver, "NAWEBMOD") as made:
        await made.act("assess", {})
        ((_, words),) = await made.at(15 * MINUTE)
        assert "时限将到(篡改处置,截止 11-25 09:00)" in words
        ((phone, _),) = await made.at(30 * MINUTE)
        assert phone == "139"
        await made.act("move", State.CONTAINED)
        assert await made.at(DAY) == []


@pytest.mark.parametrize(("cii", "limit"), [(False, 4 * HOUR), (True, HOUR)])
async def test_the_statutory_report_and_the_summary(
    tmp_path: Path, receiver: Receiver, cii: bool, limit: float
) -> None:
    async with scene(tmp_path / "s.sqlite", receiver) as made:
        await made.act("assess", {}, cii=cii)
        made.now = START + 10 * MINUTE
        await made.act("decide", 3)
        ((phone, words),) = await made.at(10 * MINUTE)
        assert phone == "139" and "事件定级上调" in words, "of a level that must be reported the leader hears"
        assert await made.at(limit / 2 - 1) == []
        ((phone, words),) = await made.at(limit / 2)
        assert phone == "138" and "时限将到(法定上报" in words
        ((phone, words),) = await made.at(limit)
        assert phone == "139" and "已超时限(法定上报" in words
        ((phone, words),) = await made.at(limit + 15 * MINUTE)
        assert phone == "137" and "事件升级(法定上报" in words
        await made.act("report", receiver="省网信办", receipt="1", kind="first")
        await made.act("move", State.CONTAINED)
        await made.act("move", State.ERADICATED)
        await made.act("move", State.RECOVERED)
        await made.act("move", State.CLOSED, reason="已恢复")
        closed = made.now - START
        assert await made.at(closed + 15 * DAY - 1) == []
        assert "总结报告" in (await made.at(closed + 15 * DAY))[0][1]
        ((phone, _),) = await made.at(closed + 30 * DAY)
        assert phone == "139"
        await made.act("report", receiver="省网信办", receipt="2", kind="final")
        assert await made.at(closed + 40 * DAY) == []
