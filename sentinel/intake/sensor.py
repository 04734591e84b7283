"""Messages of sensors into `sensor` events, as the configuration reads them."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from datetime import datetime
from typing import Any, Final

from sentinel.event import Event, Log, Sensor
from sentinel.intake.json_path import JsonPath
from sentinel.intake.record import Origin
from sentinel.intake.settings import TopicSettings
from sentinel.intake.topic import matched

__all__ = ["LONGEST", "SensorReader"]

LONGEST: Final = 65536
"""Characters of a message; longer ones are cut off and stay unread."""
_LONGEST_WORD: Final = 128
_LEVEL: Final = re.compile(r"\{(\d)\}")
_MILLISECONDS: Final = 1e11
"""From here on a stamp counts milliseconds: as seconds it would be the year 5138."""


class _Entry:
    """One entry of `topics` as far as one topic is concerned."""

    def __init__(self, settings: TopicSettings, levels: tuple[str, ...], topic: str) -> None:
        self._topic = topic
        self._reading = _filled(settings.reading, levels)
        self._unit = settings.unit or None
        self._value = _path(settings.value)
        self._time = _path(settings.time)
        self._place_path = _path(settings.place) if settings.place.startswith("$") else None
        self._place = "" if self._place_path is not None else _filled(settings.place, levels)
        self._states = dict(_state(written) for written in settings.states)

    def event(self, origin: Origin, document: Any, arrival: float, retained: bool) -> Sensor | None:
        """The reading in `document`; None where it holds none."""
        raw = document if self._value is None else self._value.find(document)
        value, word = _number(raw), _word(raw).lower()
        state = self._states.get(word, word if value is None or isinstance(raw, bool) else None)
        if not word or (value is not None and not math.isfinite(value)) or len(state or "") > _LONGEST_WORD:
            return None
        told = None if self._time is None else _stamp(self._time.find(document), origin)
        ts = arrival if told is None else told
        place = self._place if self._place_path is None else _word(self._place_path.find(document))
        return Sensor(
            ts=ts,
            source=origin.name,
            topic=self._topic,
            place=place or self._topic,
            reading=self._reading,
            value=value,
            state=state,
            unit=self._unit,
            time=datetime.fromtimestamp(ts, origin.zone).isoformat(timespec="seconds"),
            retained=retained,
        )


class SensorReader:
    """Reads the messages of one topic. What no entry can read becomes a `log` event and is counted."""

    def __init__(self, origin: Origin, topic: str, entries: tuple[TopicSettings, ...]) -> None:
        self.origin = origin
        self.retained = False
        """Whether the messages that follow are the broker's last known ones."""
        self.read = 0
        """Messages taken."""
        self.unexplained: Counter[str] = Counter()
        """Messages in which no reading was found, by why."""
        self.cut = 0
        """Messages that were too long."""
        self._topic = topic
        self._entries = [
            _Entry(entry, levels, topic)
            for entry in entries
            if (levels := matched(entry.topic, topic)) is not None
        ]

    def events(self, message: str, *, host: str | None = None, arrival: float | None = None) -> list[Event]:
        """The readings in one message; without any, the message itself."""
        self.read += 1
        ts = self.origin.last if arrival is None else arrival
        if len(message) > LONGEST:
            self.cut += 1
            return [self._plain(message[:LONGEST], host, ts)]
        document = _document(message)
        found = [entry.event(self.origin, document, ts, self.retained) for entry in self._entries]
        events: list[Event] = [event for event in found if event is not None]
        if not events:
            self.unexplained["reading"] += 1
            events.append(self._plain(message, host, ts))
        return events

    def _plain(self, message: str, host: str | None, ts: float) -> Log:
        fields = {"topic": self._topic, "message": message}
        return Log(ts=ts, source=self.origin.name, host=self.origin.host or host, fields=fields)


def _path(written: str) -> JsonPath | None:
    return JsonPath(written) if written else None


def _filled(template: str, levels: tuple[str, ...]) -> str:
    """`{1}` is what the first wildcard stands for."""
    return _LEVEL.sub(
        lambda found: levels[int(found[1]) - 1] if 1 <= int(found[1]) <= len(levels) else found[0], template
    )


def _state(written: str) -> tuple[str, str]:
    value, _, word = written.partition("=")
    return value.strip().lower(), word.strip().lower()


def _document(message: str) -> Any:
    """JSON; what is none is a text by itself."""
    try:
        return json.loads(message)
    except (ValueError, RecursionError):
        return message.strip()


def _number(raw: Any) -> float | None:
    try:
        return float(raw)
    except (ValueError, OverflowError, TypeError):
        return None


def _word(raw: Any) -> str:
    """A scalar as the configuration writes it: `True`, `1`, `open`; no text for what is no scalar."""
    if raw is None or isinstance(raw, dict | list):
        return ""
    return f"{raw:.15g}" if isinstance(raw, float) else str(raw).strip()


def _stamp(raw: Any, origin: Origin) -> float | None:
    """Seconds since 1970 of a number (seconds or milliseconds) or of ISO 8601; None for anything else."""
    number = _number(raw)
    try:
        if number is None:
            moment = datetime.fromisoformat(raw)
            number = (moment if moment.tzinfo else moment.replace(tzinfo=origin.zone)).timestamp()
        elif number >= _MILLISECONDS:
            number /= 1000
        datetime.fromtimestamp(number, origin.zone)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    return number
