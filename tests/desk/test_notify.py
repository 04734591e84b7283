"""From a committed alert to the request that a robot's server gets."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace as replace_struct

from sentinel.announcement import message_of
from sentinel.desk.incident import IncidentDesk
from sentinel.desk.notify import NotifyDesk
from sentinel.duty import Reminder
from sentinel.event import Alert, Level
from sentinel.incident import Change, ChangeKind, IncidentSettings, Role
from sentinel.ledger import Asset
from sentinel.metrics import Metrics
from sentinel.notify import ChannelSettings, Notice, NotifySettings
from sentinel.store import AlertStore, StoreWriter
from sentinel.store.outbox import OutboxStore
from sentinel.text import Message
from tests.notify.conftest import Receiver, receiver

__all__ = ["receiver"]

ALERT = Alert(ts=1e9, id="a1", level=Level.HIGH, title="扫描", rule_id="r", kind="conn", src="192.0.2.1")
ASSET = Asset(
    department="政数局", name="门户", addresses=(), system="门户", responsible="王五", location="机房"
)
CHANGE = Change(
    incident=1,
    number="20261125-0001",
    kind=ChangeKind.CREATED,
    state="new",
    severity="high",
    level=3,
    title="扫描",
    title_en="Scan",
    role=Role.OFFICER,
    alerts=1,
    category="NAE",
    department="",
    drill=False,
    at=5.0,
)


def channel(url: str = "http://unused", name: str = "robot") -> ChannelSettings:
    return ChannelSettings(name=name, url=url, body='{"text": "{text}"}', expect='"errcode":0')


async def test_an_incident_is_told_once_although_the_server_fails_at_first(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.answers = [(503, ""), (200, '{"errcode": 0}')]
    settings = NotifySettings(retry=0.1, channels=(channel(receiver.url()),))
    metrics = Metrics()
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        await AlertStore(writer).add([ALERT])
        former = NotifyDesk(settings, writer)
        await IncidentDesk(IncidentSettings(), writer, within=[former.within]).take()
    async with StoreWriter(tmp_path / "s.sqlite") as writer:  # the process that wrote it never delivered
        desk = NotifyDesk(settings, writer, metrics=metrics)
        running = asyncio.create_task(desk.run())
        async with asyncio.timeout(20):
            while not (await writer.run(lambda db: OutboxStore(db).counts())).get(("robot", "delivered")):
                await asyncio.sleep(0.02)
        running.cancel()
    ids = [headers["Idempotency-Key"] for _, headers, _ in receiver.taken]
    assert len(ids) == 2
    assert ids[0] == ids[1], "a repeat is known by its id"
    assert "扫描" in json.loads(receiver.taken[1][2])["text"]
    labels = {"channel": "robot", "outcome": "delivered"}
    assert metrics.registry.get_sample_value("sentinel_notifications_total", labels) == 1


async def test_drills_levels_and_own_decisions_go_where_they_belong(tmp_path: Path) -> None:
    channels = (
        channel(name="all"),
        replace(channel(name="grave"), level=2),
        replace(channel(name="drill"), drill=True),
    )
    changes = [
        CHANGE,
        replace(CHANGE, incident=2, level=1),
        replace(CHANGE, incident=3, drill=True),
        replace(CHANGE, incident=4, kind=ChangeKind.STATE),
    ]
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = NotifyDesk(NotifySettings(channels=channels), writer)
        await writer.run(lambda database: desk.within(database, changes))
        counts = await writer.run(lambda database: OutboxStore(database).counts())
    assert counts == {("all", "waiting"): 2, ("grave", "waiting"): 1, ("drill", "waiting"): 1}


def test_the_same_change_has_the_same_id_and_another_one_has_not() -> None:
    notice = Notice(title="扫描")
    one = message_of(CHANGE, notice, channel(), 1.0)
    assert one.id == message_of(CHANGE, notice, channel(), 2.0).id
    assert one.id != message_of(replace(CHANGE, kind=ChangeKind.GROWN), notice, channel(), 1.0).id


async def test_a_message_says_what_to_whom_whose_it_is_and_what_is_due(tmp_path: Path) -> None:
    class Known:
        def find(self, zone: str | None, address: str) -> Asset | None:
            return ASSET if address == "10.0.0.5" else None

    alert = replace_struct(ALERT, dst="10.0.0.5")
    zone = ZoneInfo("Asia/Shanghai")
    now = datetime(2026, 11, 25, 8, 30, tzinfo=zone).timestamp()
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = NotifyDesk(NotifySettings(channels=(channel(),)), writer, zone=zone, clock=lambda: now)
        await AlertStore(writer, clock=lambda: now).add([alert])
        incidents = IncidentDesk(
            IncidentSettings(), writer, ledger=Known(), clock=lambda: now, within=[desk.within]
        )
        ((change),) = await incidents.take()
        (row,) = await writer.run(lambda database: OutboxStore(database).latest(9))
    assert json.loads(row["content"])["text"].splitlines() == [
        f"【一般】新事件 {change.number}:扫描",
        "192.0.2.1 → 10.0.0.5,责任方 政数局 门户 王五 机房,告警 1 条",
        "时限:确认 11-25 08:40,初步研判 11-25 09:00",
    ]


@pytest.mark.parametrize(
    ("change", "written", "told"),
    [
        (CHANGE, "2026-11-25 23:30", "2026-11-25 23:30"),
        (replace(CHANGE, level=4, severity="critical"), "2026-11-25 23:30", "2026-11-25 23:30"),
        (replace(CHANGE, level=4, severity="medium"), "2026-11-25 23:30", "2026-11-26 07:00"),
        (replace(CHANGE, level=4, severity="medium"), "2026-11-26 06:59", "2026-11-26 07:00"),
        (replace(CHANGE, level=4, severity="medium"), "2026-11-26 07:00", "2026-11-26 07:00"),
        (replace(CHANGE, level=4, severity="medium"), "2026-11-26 12:00", "2026-11-26 12:00"),
        (replace(CHANGE, level=4, severity="low", clock="report"), "2026-11-25 23:30", "2026-11-25 23:30"),
        (replace(CHANGE, level=4, severity="low", clock="summary"), "2026-11-25 23:30", "2026-11-25 23:30"),
        (
            replace(CHANGE, level=4, severity="low", clock="acknowledge"),
            "2026-11-25 23:30",
            "2026-11-26 07:00",
        ),
    ],
)
def test_in_quiet_hours_only_what_is_loud_is_told_at_once(change: Change, written: str, told: str) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    now, then = (datetime.fromisoformat(one).replace(tzinfo=zone).timestamp() for one in (written, told))
    quiet = replace(channel(), quiet="22:00-07:00", loud_level=3, loud_severity="high")
    assert message_of(change, Notice(title="扫描"), quiet, now, zone).due_at == then


async def test_reminders_break_the_quiet_where_they_cannot_wait(tmp_path: Path) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    night = datetime(2026, 11, 25, 23, 30, tzinfo=zone).timestamp()
    morning = datetime(2026, 11, 26, 7, 0, tzinfo=zone).timestamp()
    quiet = replace(channel(), quiet="22:00-07:00")
    missing = Reminder("zero", Role.LEADER, Message("duty.zero.missing", time="11-25 23:00"))
    patrol = Reminder(
        "patrol", Role.LEADER, Message("duty.patrol.missed", place="机房", time="11-25 22:00"), urgent=False
    )
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = NotifyDesk(NotifySettings(channels=(quiet,)), writer, zone=zone)
        for reminder in (missing, patrol):
            await writer.run(partial(desk.remind, reminder=reminder, now=night))
        rows = await writer.run(lambda database: OutboxStore(database).latest(9))
    assert [row["next_at"] for row in reversed(rows)] == [night, morning]


async def test_what_a_removed_channel_left_is_told_and_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now, metrics = 1000.0, Metrics()
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        before = NotifyDesk(NotifySettings(channels=(channel(name="old"),)), writer, clock=lambda: now)
        await writer.run(lambda database: before.within(database, [CHANGE]))
        desk = NotifyDesk(NotifySettings(), writer, metrics=metrics, clock=lambda: now)
        running = asyncio.create_task(desk.run())
        async with asyncio.timeout(20):
            while "old" not in caplog.text:
                await asyncio.sleep(0.02)
        assert metrics.registry.get_sample_value("sentinel_outbox_waiting", {"channel": "old"}) == 1
        running.cancel()
        now += NotifySettings().give_up + 1
        await desk.tidy()
        (row,) = await writer.run(lambda database: OutboxStore(database).latest(9))
    assert row["state"] == "failed"
    assert "config.yaml" in row["error"]


async def test_a_channel_that_is_silent_for_long_is_told_over_the_others_once(tmp_path: Path) -> None:
    now = 1000.0
    channels = (channel(name="a"), channel(name="b"), replace(channel(name="d"), drill=True))
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        desk = NotifyDesk(NotifySettings(channels=channels), writer, clock=lambda: now)

        async def waiting() -> dict[str, int]:
            await desk.tell_of_silence()
            return await writer.run(lambda database: OutboxStore(database).waiting())

        desk._told("a", "retried", "down")
        now += 599
        assert await waiting() == {}
        now += 1
        assert [await waiting(), await waiting()] == [{"b": 1}] * 2
        (row,) = await writer.run(lambda database: OutboxStore(database).latest(9))
        assert "通知通道 a 已连续 10 分钟送不出" in json.loads(row["content"])["text"]
        desk._told("a", "delivered", "")
        desk._told("a", "retried", "down")
        now += 600
        assert await waiting() == {"b": 2}, "a new outage"
