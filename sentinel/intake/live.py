"""The intake at work: all configured sources, their lines into events, their silences and clocks into notices."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from sentinel.event import Event, Log, Notice
from sentinel.intake.account import SourceAccount
from sentinel.intake.catalogue import Catalogue
from sentinel.intake.chunk import Chunk, Inlet, Report
from sentinel.intake.file import decoded_line
from sentinel.intake.mqtt import MqttSource
from sentinel.intake.plausible import AHEAD, BEHIND, EARLIEST, LATEST, redate
from sentinel.intake.pulse import Pulse
from sentinel.intake.pulses import SYSLOG, Pulses
from sentinel.intake.reader import LineReader
from sentinel.intake.receive import UdpSource
from sentinel.intake.record import Origin
from sentinel.intake.sensor import SensorReader
from sentinel.intake.settings import IntakeSettings, SourceSettings
from sentinel.intake.source import Source, sources_of
from sentinel.intake.zeek import stream_of_name
from sentinel.text import text

__all__ = ["Intake", "Take"]

Take = Callable[[Sequence[Event]], Awaitable[None]]
"""Given events; returns once they are safe, or given up on purpose."""
Keep = Callable[[Mapping[tuple[str, str], Mapping[str, Any]]], Awaitable[None]]
"""Given positions by source and stream, to be found again after a restart."""

_WAITING: Final = 20_000
"""Lines between sources and reader, beyond which senders wait, or lose."""
_AT_ONCE: Final = 200
"""Lines read before other tasks have their turn."""
_MOST_STREAMS: Final = 4096
"""Senders and files of which something is remembered."""
_LOOK: Final = 5.0
"""Seconds between two looks at silences and positions."""
_RETRY: Final = 5.0
_REMEMBER: Final = 300.0
"""Seconds between two times that it is kept how senders usually speak."""
_CROWD_AGAIN: Final = 3600.0
_SKEW: Final = 5.0
"""Seconds that a clock may be off."""
_SKEW_AGAIN: Final = 3600.0
_FAULT_AGAIN: Final = 600.0
"""Seconds in which the same fault is counted, but not reported again."""
_MOST_FAULTS: Final = 1024


@dataclass(slots=True)
class _Stream:
    """One file or sender."""

    reader: LineReader | SensorReader
    pulse: Pulse
    told: tuple[int, int, int] = (0, 0, 0)
    skew_told: float = float("-inf")


class Intake:
    """Runs the sources of `settings`. `take` gets the events, `keep` the positions; both are awaited."""

    def __init__(
        self,
        settings: IntakeSettings,
        take: Take,
        keep: Keep,
        report: Report,
        *,
        positions: Mapping[tuple[str, str], Mapping[str, Any]] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._take = take
        self._keep = keep
        self._report = report
        self._now = now
        self.inlet = Inlet(_WAITING)
        self.catalogue = Catalogue.load([Path(folder) for folder in settings.formats])
        self.accounts = {source.name: SourceAccount() for source in settings.sources}
        self._by_name = {source.name: source for source in settings.sources}
        self._streams: OrderedDict[tuple[str, str], _Stream] = OrderedDict()
        """Who sent last stands last."""
        self._strangers: OrderedDict[tuple[str, str], None] = OrderedDict()
        """Those of them that are hardly known: they are the first to be forgotten."""
        self._forgotten: Counter[str] = Counter()
        """By source, senders that we knew and had to forget."""
        self._crowd_told = float("-inf")
        self._remembered_at = now()
        self._told: dict[tuple[str, str, str], float] = {}
        """When a fault was last reported."""
        self._pulses = Pulses(settings.sources, self.accounts, positions or {}, now())
        self._positions: dict[tuple[str, str], Mapping[str, Any]] = {}
        self.sources: list[Source] = [
            source
            for one in settings.sources
            for source in sources_of(one, self.inlet, partial(self._fault, one.name), positions or {}, now)
        ]
        for source in settings.sources:
            if source.format not in ("auto", *self.catalogue.formats):
                self._fault(source.name, f"format: {source.format}", text("intake.format-by-content"))
        self._zones: dict[str, tzinfo] = {
            source.name: ZoneInfo(source.zone or settings.zone) for source in settings.sources
        }

    async def run(self) -> None:
        """Run until cancelled; then what was handed over already is still read."""
        tasks = [asyncio.create_task(self._lasting(source)) for source in self.sources]
        reading = asyncio.create_task(self._read())
        looking = asyncio.create_task(self._look())
        try:
            await asyncio.gather(reading, looking, *tasks)
        finally:
            for task in (*tasks, looking):
                task.cancel()
            await asyncio.gather(*tasks, looking, return_exceptions=True)
            await self.inlet.join()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            self._pulses.measure()
            self._remember(self._now())
            await self._save()

    async def _lasting(self, source: Source) -> None:
        """The edge of a source's task: an error of ours is told, and the source begun again."""
        while True:
            try:
                await source.run()
            except Exception as error:
                self._fault(source.name, type(error).__name__, str(error))
            await asyncio.sleep(_RETRY)

    def _fault(self, name: str, what: str, reason: str) -> None:
        self.accounts[name].faults += 1
        now, key = self._now(), (name, what, reason)
        if now < self._told.get(key, float("-inf")) + _FAULT_AGAIN:
            return
        if len(self._told) >= _MOST_FAULTS:
            self._told.clear()
        self._told[key] = now
        self._report(f"{name}: {what}", reason)

    # Lines into events.

    async def _read(self) -> None:
        while True:
            chunk = await self.inlet.get()
            try:
                await self._read_chunk(chunk)
            except Exception as error:
                self._fault(chunk.source, chunk.stream, f"{type(error).__name__}: {error}")
            finally:
                self.inlet.done(chunk)

    async def _read_chunk(self, chunk: Chunk) -> None:
        account = self.accounts[chunk.source]
        stream = self._stream(chunk)
        account.last = max(account.last, chunk.arrival)
        if self._pulses.beat(self._by_name[chunk.source], stream.pulse, chunk.arrival):
            await self._take(
                [self._notice("Intake::Source_Back", "intake.back", chunk.source, stream, chunk)]
            )
        live = chunk.reference is None
        sent = self._by_name[chunk.source].kind in SYSLOG
        earliest = chunk.arrival - BEHIND if sent else EARLIEST
        if live:
            stream.reader.origin.last = chunk.arrival
        if isinstance(stream.reader, SensorReader):
            stream.reader.retained = chunk.retained
        for begin in range(0, len(chunk.lines), _AT_ONCE):
            events: list[Event] = []
            stamp: float | None = None
            for line in chunk.lines[begin : begin + _AT_ONCE]:
                made = stream.reader.events(
                    decoded_line(line.rstrip(b"\r\0")),
                    host=chunk.host,
                    arrival=chunk.arrival if live or chunk.current else None,
                )
                told = redate(made, earliest, chunk.arrival + AHEAD, chunk.arrival)
                if told is not None:
                    account.misdated += 1
                    stream.reader.origin.last = chunk.arrival
                if made and (live or _prompt(made[0])):
                    stamp = made[0].ts if told is None else told
                events += made
            if stamp is not None and (live or chunk.current):
                self._clock(stream, stamp, chunk.arrival)
            if events:
                account.events += len(events)
                await self._take(events)
            await asyncio.sleep(0)
        self._account(account, stream)
        await self._tell_skew(account, stream, chunk)
        if chunk.position is not None:
            self._positions[chunk.source, chunk.place or chunk.stream] = chunk.position

    def _stream(self, chunk: Chunk) -> _Stream:
        key = (chunk.source, chunk.stream)
        stream = self._streams.get(key)
        if stream is None:
            source = self._by_name[chunk.source]
            live = chunk.reference is None
            origin = Origin(
                chunk.source,
                host=source.host or chunk.host,
                zone=self._zones[chunk.source],
                reference=self._now() if chunk.reference is None else chunk.reference,
                now=self._now if live else None,
            )
            reader = self._reader(source, origin, chunk.stream)
            stream = self._streams[key] = _Stream(reader, self._pulses.of(source, chunk.stream))
            if isinstance(reader, LineReader):
                reader.learn(map(decoded_line, chunk.head))
        self._streams.move_to_end(key)
        if stream.pulse.known:
            self._strangers.pop(key, None)
        else:
            self._strangers[key] = None
            self._strangers.move_to_end(key)
        if len(self._streams) > _MOST_STREAMS:
            self._forget(next((one for one in self._strangers if one != key), next(iter(self._streams))))
        return stream

    def _reader(self, source: SourceSettings, origin: Origin, stream: str) -> LineReader | SensorReader:
        if source.kind == "mqtt":
            return SensorReader(origin, stream, source.topics)
        return LineReader(
            self.catalogue,
            origin,
            format=source.format if source.format in self.catalogue.formats else None,
            stream=stream_of_name(Path(stream).name) if source.kind == "file" else None,
            headed=source.kind == "file",
        )

    def _forget(self, key: tuple[str, str]) -> None:
        """Whom we knew can be silent then without our noticing: that itself is told."""
        del self._streams[key]
        self._strangers.pop(key, None)
        self._forgotten[key[0]] += self._pulses.forget(key)

    def _account(self, account: SourceAccount, stream: _Stream) -> None:
        reader = stream.reader
        read, unexplained, cut = stream.told
        stream.told = (reader.read, reader.unexplained.total(), reader.cut)
        account.lines += reader.read - read
        account.unexplained += stream.told[1] - unexplained
        account.cut += reader.cut - cut

    # Clocks.

    def _clock(self, stream: _Stream, stamp: float, arrival: float) -> None:
        if stamp == arrival or not EARLIEST <= stamp <= LATEST:
            return
        stream.pulse.clock(stamp, arrival)
        origin = stream.reader.origin
        if origin.zoneless:
            shift = stream.pulse.zone_shift()
            if shift:
                own = datetime.fromtimestamp(arrival, UTC).astimezone(origin.zone).utcoffset() or timedelta()
                offset = own + timedelta(seconds=shift)
                if abs(offset) < timedelta(days=1):
                    origin.zone = timezone(offset)

    async def _tell_skew(self, account: SourceAccount, stream: _Stream, chunk: Chunk) -> None:
        offset = stream.pulse.offset
        if offset is None:
            return
        if abs(offset) > _SKEW and chunk.arrival >= stream.skew_told + _SKEW_AGAIN:
            stream.skew_told = chunk.arrival
            await self._take(
                [
                    self._notice(
                        "Intake::Clock_Offset",
                        "intake.skew",
                        chunk.source,
                        stream,
                        chunk,
                        seconds=round(offset),
                    )
                ]
            )

    # Silences and positions.

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK)
            await self.look()

    async def look(self) -> None:
        """Tell of sources that fell silent, and keep positions."""
        now = self._now()
        notices: list[Event] = [
            self._silence(name, sender, pulse, now) for name, sender, pulse in self._pulses.fallen_silent(now)
        ]
        notices += self._crowd(now)
        if notices:
            await self._take(notices)
        self._pulses.measure()
        if now >= self._remembered_at + _REMEMBER:
            self._remember(now)
        for name, dropped in self.inlet.dropped.items():
            self.accounts[name].dropped = dropped
        for source in self.sources:
            if isinstance(source, UdpSource):
                self.accounts[source.name].dropped = (
                    self.inlet.dropped.get(source.name, 0) + source.kernel_drops
                )
            elif isinstance(source, MqttSource):
                self.accounts[source.name].dropped = self.inlet.dropped.get(source.name, 0) + source.lost
        await self._save()

    def _crowd(self, now: float) -> list[Notice]:
        """Tell of senders that had to be forgotten since there are too many, now and then."""
        if not self._forgotten.total() or now < self._crowd_told + _CROWD_AGAIN:
            return []
        self._crowd_told = now
        forgotten, self._forgotten = self._forgotten, Counter()
        return [
            Notice(
                ts=now,
                note="Intake::Too_Many_Senders",
                msg=text("intake.crowd", source=name, number=number, most=_MOST_STREAMS),
                sub=name,
                figures={"forgotten": number, "threshold": _MOST_STREAMS},
            )
            for name, number in sorted(forgotten.items())
            if number
        ]

    def _remember(self, now: float) -> None:
        self._remembered_at = now
        self._positions.update(self._pulses.memory())

    def _silence(self, name: str, sender: str, pulse: Pulse, now: float) -> Notice:
        silent = round(now - pulse.last)
        return Notice(
            ts=now,
            note="Intake::Source_Silent",
            msg=text("intake.silent", source=name, stream=sender or "-", seconds=silent),
            sub=name,
            src=sender or None,
            figures={"silent_seconds": silent, "threshold": round(pulse.patience or 0.0)},
        )

    def _notice(
        self, note: str, message: str, name: str, stream: _Stream, chunk: Chunk, **figures: float
    ) -> Notice:
        return Notice(
            ts=chunk.arrival,
            note=note,
            msg=text(message, source=name, stream=chunk.stream, **figures),
            sub=name,
            src=stream.reader.origin.host,
            figures=dict(figures),
        )

    async def _save(self) -> None:
        if self._positions:
            positions, self._positions = self._positions, {}
            await self._keep(positions)


def _prompt(event: Event) -> bool:
    """Whether a record in a file was written when it happened: what others say of flows comes at their end."""
    if isinstance(event, Log):
        return event.product not in ("zeek", "suricata")
    return str(getattr(event, "uid", None) or "L").startswith("L")
