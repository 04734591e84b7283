"""Log files in a replay: found, merged by time, made into events, matched by the rules."""

from __future__ import annotations

import heapq
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from sentinel.config import Config
from sentinel.event import Event
from sentinel.intake.catalogue import Catalogue
from sentinel.intake.document import single_lines
from sentinel.intake.file import LogFile, decoded_line, is_text
from sentinel.intake.plausible import EARLIEST, LATEST, redate
from sentinel.intake.reader import LineReader
from sentinel.intake.record import Origin
from sentinel.intake.zeek import stream_of_name
from sentinel.rule import Findings, RuleSet
from sentinel.text import text

__all__ = ["LogReplay", "expanded"]

_BATCH: Final = 2000
"""Events matched at once."""
_OPEN_AT_ONCE: Final = 200
"""Files merged by time; more of them are read in groups of so many."""
_SAMPLE: Final = 8192

Entry = tuple[float, list[Event]]


def expanded(paths: list[Path]) -> list[tuple[Path, bool]]:
    """`paths` with the files of folders in their place, by name; of each, whether it was found in a folder."""
    files: list[tuple[Path, bool]] = []
    for path in paths:
        if path.is_dir():
            files += [(file, True) for file in sorted(path.rglob("*")) if file.is_file()]
        else:
            files.append((path, False))
    return files


class LogReplay:
    """Reads log files; gives each batch's events and what rules found in them to `behold`, in order of time."""

    def __init__(
        self,
        config: Config,
        rules: RuleSet,
        format: str | None,
        behold: Callable[[list[Event], Findings], None],
    ) -> None:
        self._rules = rules
        self._format = format
        self._behold = behold
        self._zone = ZoneInfo(config.intake.zone)
        self.catalogue = Catalogue.load([Path(folder) for folder in config.intake.formats])
        self._readers: list[LineReader] = []
        self._faulty: list[dict[str, Any]] = []
        self._events: Counter[str] = Counter()
        self._alerts: Counter[str] = Counter()
        self._by_rule: Counter[str] = Counter()
        self._misdated = 0
        self.stopped = False
        self.seconds = 0.0

    def recognises(self, path: Path) -> bool:
        """Whether a file is a log: text, and without a `format` asked for, of one that is known."""
        if not path.is_file():
            return False
        file = LogFile(path)
        try:
            head = file.head(_SAMPLE)
            if not head and file.fault is None:
                return self._format is not None
            if not is_text(head):
                return False
            return self._format is not None or self._explains(head, path)
        finally:
            file.close()

    def _explains(self, head: bytes, path: Path) -> bool:
        reader = LineReader(self.catalogue, Origin(path.name), stream=stream_of_name(path.name))
        for line in head.split(b"\n")[:20]:
            reader.events(decoded_line(line))
        return bool(reader.formats)

    def run(self, paths: list[Path]) -> None:
        """Read all of them."""
        began = time.perf_counter()
        for start in range(0, len(paths), _OPEN_AT_ONCE):
            self._run(paths[start : start + _OPEN_AT_ONCE])
        self.seconds += time.perf_counter() - began

    def _run(self, paths: list[Path]) -> None:
        with ExitStack() as opened:
            entries = []
            for path in paths:
                file = LogFile(path)
                opened.callback(file.close)
                entries.append(self._entries(file))
            together = heapq.merge(*entries, key=itemgetter(0)) if len(entries) > 1 else entries[0]
            waiting: list[Event] = []
            for _, events in together:
                waiting += events
                if len(waiting) >= _BATCH:
                    self._publish(waiting)
                    waiting = []
                if self.stopped:
                    break
            self._publish(waiting)

    def _entries(self, file: LogFile) -> Iterator[Entry]:
        name = file.path.name
        origin = Origin(name, zone=self._zone, reference=file.modified)
        reader = LineReader(
            self.catalogue,
            origin,
            format=self._format,
            stream=stream_of_name(name),
        )
        self._readers.append(reader)
        latest = 0.0
        for line in single_lines(file.lines()):
            before = origin.last
            events = reader.events(line)
            if redate(events, EARLIEST, LATEST, before) is not None:
                origin.last = before
                self._misdated += 1
            if events:
                latest = max(latest, events[0].ts)
                yield latest, events
        if file.fault is not None:
            self._faulty.append({"file": name, "faults": {"damaged": 1}})
            damaged = text("replay.damaged", path=file.path, fault=file.fault)
            print(text("cli.warning", message=damaged), file=sys.stderr)

    def _publish(self, events: list[Event]) -> None:
        if not events:
            return
        findings = self._rules.find(events)
        self._events.update(event.kind for event in events)
        self._alerts.update(str(alert.level) for alert in findings.alerts)
        self._by_rule.update(alert.rule_id for alert in findings.alerts)
        self._behold(events, findings)

    # What `stats.json` says.

    @property
    def faulty(self) -> list[dict[str, Any]]:
        """Files that are damaged."""
        return self._faulty

    def counts(self) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
        """Events by kind, alerts by level, alerts by rule."""
        return self._events, self._alerts, self._by_rule

    def statistics(self) -> dict[str, Any]:
        """Lines read, of which format they were found to be, and which became no more than a message."""
        formats: Counter[str] = Counter()
        unexplained: Counter[str] = Counter()
        for reader in self._readers:
            formats.update(reader.formats)
            unexplained.update(reader.unexplained)
        return {
            "lines_read": sum(reader.read for reader in self._readers),
            "lines_ingested": formats.total() + unexplained.total(),
            "lines_refused": {},
            "lines_cut": sum(reader.cut for reader in self._readers),
            "lines_misdated": self._misdated,
            "lines_by_format": dict(sorted(formats.items())),
            "lines_unexplained": dict(sorted(unexplained.items())),
        }
