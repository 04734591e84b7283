"""Messages of sensors become readings; what holds none stays a message and is counted."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sentinel.event import Event, Log, Sensor
from sentinel.intake.record import Origin
from sentinel.intake.sensor import LONGEST, SensorReader
from sentinel.intake.settings import TopicSettings

NOON = 1714536000.0  # 2024-05-01 12:00 in Shanghai
PLAIN = TopicSettings("room/+/temperature", "temperature", unit="℃", place="{1}")
DOOR = TopicSettings("door/#", "door", place="{1}", states=("1=open", "0=closed", "TRUE=open"))


def reader(topic: str, *entries: TopicSettings) -> SensorReader:
    return SensorReader(Origin("机房", zone=ZoneInfo("Asia/Shanghai")), topic, entries)


def only(events: list[Event]) -> Sensor:
    (event,) = events
    assert isinstance(event, Sensor)
    return event


def test_a_bare_number() -> None:
    event = only(reader("room/A 机房/temperature", PLAIN, DOOR).events(" 25.5\n", arrival=NOON))
    assert (event.reading, event.value, event.unit, event.state) == ("temperature", 25.5, "℃", None)
    assert (event.place, event.source, event.resp_h) == ("A 机房", "机房", "A 机房")
    assert (event.ts, event.time) == (NOON, "2024-05-01T12:00:00+08:00")


def test_several_readings_of_one_message() -> None:
    entries = (
        TopicSettings("env", "temperature", value="$.d.t", place="$.room", time="$.ts"),
        TopicSettings("env", "humidity", value="$.d.h", place="$.room", time="$.ts"),
        TopicSettings("env", "water", value="$.d.w"),
    )
    message = json.dumps({"room": "B", "d": {"t": "31", "h": 40}, "ts": (NOON - 5) * 1000})
    events = reader("env", *entries).events(message, arrival=NOON)
    assert [(e.reading, e.value, e.place, e.ts) for e in events if isinstance(e, Sensor)] == [
        ("temperature", 31.0, "B", NOON - 5),
        ("humidity", 40.0, "B", NOON - 5),
    ]


@pytest.mark.parametrize(
    ("message", "state", "value"),
    [
        ("1", "open", 1.0),
        ("0", "closed", 0.0),
        ("1.0", "open", 1.0),
        ("true", "open", 1.0),
        ("false", "false", 0.0),
        ("OPEN", "open", None),
        ("7", None, 7.0),
    ],
)
def test_what_values_mean(message: str, state: str | None, value: float | None) -> None:
    event = only(reader("door/1", DOOR).events(message, arrival=NOON))
    assert (event.state, event.value) == (state, value)


@pytest.mark.parametrize(
    ("stamp", "ts"),
    [
        (NOON - 9, NOON - 9),
        ("2024-05-01T12:00:01", NOON + 1),
        ("2024-05-01T04:00:01Z", NOON + 1),
        ("soon", NOON),
        (None, NOON),
        ([], NOON),
        (1e300, NOON),
        ("0001-01-01T00:00:00", NOON),
    ],
)
def test_the_time_in_a_message_else_when_it_came(stamp: Any, ts: float) -> None:
    entry = TopicSettings("t", "temperature", value="$.v", time="$.at")
    event = only(reader("t", entry).events(json.dumps({"v": 1, "at": stamp}), arrival=NOON))
    assert event.ts == ts


@pytest.mark.parametrize(
    "message", ["", "{}", "[1]", "null", "NaN", "inf", "[" * 5000, '{"d": ' * 5000, "9" * 5000, "x" * 500]
)
def test_a_message_without_a_reading_is_kept_and_counted(message: str) -> None:
    one = reader("room/a/temperature", PLAIN)
    (event,) = one.events(message, host="10.0.0.9", arrival=NOON)
    assert isinstance(event, Log)
    assert event.fields == {"topic": "room/a/temperature", "message": message}
    assert (event.host, event.ts, one.read, one.unexplained.total()) == ("10.0.0.9", NOON, 1, 1)


def test_a_message_that_is_too_long_is_cut_and_counted() -> None:
    one = reader("room/a/temperature", PLAIN)
    (event,) = one.events(" " * LONGEST + "25", arrival=NOON)
    assert isinstance(event, Log)
    assert (len(event.fields["message"]), one.cut) == (LONGEST, 1)


def test_a_stranger_cannot_make_a_path_of_his_topic() -> None:
    event = only(reader("room/$[/temperature", PLAIN).events("1", arrival=NOON))
    assert event.place == "$["
