"""Guard periods reach the clocks of incidents, and messages name who is on duty."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sentinel.desk.duty import DutyDesk, reach
from sentinel.desk.incident import IncidentDesk
from sentinel.desk.notify import NotifyDesk
from sentinel.duty import (
    DutyBook,
    DutySettings,
    GuardPeriod,
    Person,
    Role,
    Shift,
    ZeroReportSettings,
)
from sentinel.event import Alert, Level
from sentinel.incident import IncidentSettings
from sentinel.notify import ChannelSettings, NotifySettings
from sentinel.store import AlertStore, StoreUnavailable, StoreWriter
from sentinel.text import Message

NOW = 1_795_566_600.0
LEADER = Shift(Role.LEADER, Person("李四", "139"), NOW - 9, NOW + 9)
OFFICER = Shift(Role.OFFICER, Person("张三", "138"), NOW - 9, NOW + 9)
GUARD = GuardPeriod(0, "两会", NOW - 1, NOW + 5, 0.5, 1, True, "李四")


def alert(number: int, level: Level) -> Alert:
    return Alert(
        ts=NOW, id=f"a{number}", level=level, title="扫描", rule_id="r", kind="conn", src="192.0.2.1"
    )


async def written(writer: StoreWriter, *shifts: Shift, guard: GuardPeriod | None = None) -> None:
    def write(database: Any) -> None:
        book = DutyBook(database, "desk")
        book.add_shifts(shifts, "李四", NOW)
        if guard is not None:
            book.start_guard(guard, NOW - 1)

    await writer.run(write)


async def incident_of(writer: StoreWriter, duty: DutyDesk, level: Level) -> tuple[int, float]:
    """Severity of the incident that an alert makes, and the seconds that people have to acknowledge it."""
    await AlertStore(writer).add([alert(1, level)])
    desk = IncidentDesk(
        IncidentSettings(minimum="low"),
        writer,
        tighten=duty.tighten,
        raised=duty.raised,
        clock=lambda: NOW,
    )
    await desk.take()
    query = (
        "SELECT severity, due - started_at FROM incident JOIN incident_clock ON incident = id"
        " WHERE clock = 'acknowledge'"
    )
    return await writer.run(lambda database: database.execute(query).fetchone())  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("level", "guarded", "severity"),
    [
        (Level.MEDIUM, False, 2),
        (Level.MEDIUM, True, 3),
        (Level.CRITICAL, True, 4),
    ],
)
async def test_a_guard_period_tightens_clocks_and_raises_severities(
    tmp_path: Path, level: Level, guarded: bool, severity: int
) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        duty = DutyDesk(writer, clock=lambda: NOW)
        await duty.refresh()
        await written(writer, LEADER, guard=GUARD if guarded else None)
        await duty.refresh()
        assert await incident_of(writer, duty, level) == (severity, 300 if guarded else 600)


async def test_a_period_ends_by_itself_also_while_the_database_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        duty = DutyDesk(writer, clock=lambda: NOW)
        await written(writer, LEADER, guard=GUARD)
        await duty.refresh()

        async def away(work: object) -> None:
            raise StoreUnavailable(Message("store.cannot-write", path="s", reason="gone"))

        monkeypatch.setattr(writer, "run", away)
        await duty.refresh()
        assert [duty.tighten(now) for now in (NOW, NOW + 5)] == [0.5, 1.0]


@pytest.mark.parametrize(
    ("shifts", "person", "phone", "said"),
    [
        ((OFFICER, LEADER), "值班员 张三", "138", "【值班员 张三】"),
        ((LEADER,), "带班领导 李四", "139", "【带班领导 李四】"),
        (
            (Shift(Role.OFFICER, Person("张三", "138"), NOW - 9, NOW - 1),),
            "当前无人值班",
            "",
            "【当前无人值班】",
        ),
        ((), "", "", ""),
    ],
)
async def test_messages_name_who_is_on_duty_or_next_above(
    tmp_path: Path, shifts: tuple[Shift, ...], person: str, phone: str, said: str
) -> None:
    channel = ChannelSettings(name="robot", url="http://unused", body="{text}", expect="")
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        await written(writer, *shifts)
        notify = NotifyDesk(NotifySettings(channels=(channel,)), writer, reach=reach, clock=lambda: NOW)
        await AlertStore(writer).add([alert(1, Level.HIGH)])
        await IncidentDesk(IncidentSettings(), writer, clock=lambda: NOW, within=[notify.within]).take()
        query = "SELECT content FROM outbox"
        (content,) = await writer.run(lambda database: database.execute(query).fetchone())
    message = json.loads(content)
    assert (message["person"], message["phone"]) == (person, phone)
    assert said in message["text"]
    assert not phone or phone not in message["text"], "a phone is not spread in a group"
    assert message["text"].endswith("】") == bool(person)


async def test_reminders_reach_the_channels_of_people_and_no_drills(tmp_path: Path) -> None:
    now = NOW + 9.5 * 3600  # 18:00 in China
    officer = Shift(Role.OFFICER, Person("张三", "138"), NOW, NOW + 86400)
    settings = DutySettings(zero_report=ZeroReportSettings(when="always", escalate=7200.0))
    robot = ChannelSettings(name="robot", url="http://unused", body="{text}")
    channels = (robot, replace(robot, name="drill", drill=True))
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        await written(writer, officer)
        notify = NotifyDesk(NotifySettings(channels=channels), writer, reach=reach, clock=lambda: now)
        for _ in range(2):
            duty = DutyDesk(writer, settings, put=notify.remind, clock=lambda: now)
            await duty.remind()
        query = "SELECT channel, content FROM outbox"
        rows = await writer.run(lambda database: database.execute(query).fetchall())
    ((channel, content),) = rows
    message = json.loads(content)
    assert channel == "robot"
    assert "零报告逾期:11-25 17:00" in message["text"] and message["phone"] == "138"
