"""`sentinel replay`: capture files through the live pipeline, at recorded time; log files through the same rules."""

from __future__ import annotations

import argparse
import json
import resource
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from sentinel.alert_line import alert_line
from sentinel.capture.batch import Batch
from sentinel.capture.file import CaptureError, CaptureFile, open_capture
from sentinel.collector import relax_collector
from sentinel.command.configuration import chosen_config, chosen_rules, complain
from sentinel.command.log_replay import LogReplay, expanded
from sentinel.command.pace import Pace
from sentinel.command.progress import Progress
from sentinel.config import Config, ConfigError
from sentinel.event import Alert, Event
from sentinel.event.encode import EventEncoder
from sentinel.event.write import EventWriter
from sentinel.first_start import compile_kernels
from sentinel.pipeline import Pipeline
from sentinel.rule import Findings, Match
from sentinel.text import text
from sentinel.watch import Found, Watch

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Exit 0: read, perhaps with damage that is named; 1: output was lost; 2: a file is no capture."""
    try:
        config = chosen_config(options)
    except ConfigError as error:
        return complain(error)
    try:
        replay = _Replay(config, options.out, options.speed, options.format)
        captures, logs, size = replay.sorted(expanded(options.files))
        relax_collector()
        return replay.run(captures, logs, size)
    except (UnknownFormat, CaptureError) as error:
        print(text("cli.error", message=error), file=sys.stderr)
        return 2


def _examined(path: Path) -> int:
    """The size of a capture file. Raises CaptureError before anything is read of the others."""
    if path.exists() and not path.is_file():
        return 0  # a pipe can be opened only once
    with open_capture(path) as capture:
        return capture.size


class UnknownFormat(Exception):
    """No format of logs has the name that was asked for."""


class _Replay:
    def __init__(self, config: Config, out: Path | None, speed: float, format: str | None) -> None:
        self._out = out
        self._writer = EventWriter(out, on_failure=_cannot_write) if out else None
        self._stopped = False
        self._faulty: list[dict[str, Any]] = []
        self._unread: Counter[int] = Counter()
        self._pace = Pace(speed)
        self._on_events = self._writer.write if self._writer else _drop
        self._on_alerts = self._writer.write_alerts if self._writer else _AlertPrinter()
        rules = chosen_rules(config)
        self._watch = Watch(config, rules)
        self._alerts: list[Alert] = []
        self._matches: list[Match] = []
        self._pipeline = Pipeline(
            config, rules, self._alerts.extend, self._behold, on_matches=self._matches.extend
        )
        self._logs = LogReplay(config, rules, format, self._behold_logs)
        for problem in self._logs.catalogue.problems:
            print(text("cli.warning", message=text("replay.bad-format", problem=problem)), file=sys.stderr)
        if format not in (None, "auto", *self._logs.catalogue.formats):
            names = ", ".join(sorted(self._logs.catalogue.formats))
            raise UnknownFormat(text("replay.unknown-format", name=format, names=names))

    def sorted(self, paths: list[tuple[Path, bool]]) -> tuple[list[Path], list[Path], int]:
        """The captures and the logs among `paths`, and the captures' size.

        Raises CaptureError for what is neither; what a folder holds besides is passed over with a warning.
        """
        captures: list[Path] = []
        logs: list[Path] = []
        size = 0
        for path, found in paths:
            try:
                size += _examined(path)
                captures.append(path)
            except CaptureError:
                if self._logs.recognises(path):
                    logs.append(path)
                elif found:
                    print(text("cli.warning", message=text("replay.passed-over", path=path)), file=sys.stderr)
                else:
                    raise
        return captures, logs, size

    def run(self, paths: list[Path], logs: list[Path], size: int) -> int:
        before = signal.signal(signal.SIGINT, self._stop)
        began = time.perf_counter()
        try:
            self._read(paths, Progress(size))
            if logs and not self._stopped:
                self._logs.run(logs)
        finally:
            signal.signal(signal.SIGINT, before)
        self._pipeline.finish()
        self._tell(self._watch.finish())
        lost = self._finish_output(time.perf_counter() - began)
        if self._stopped:
            return 130
        return 1 if lost else 0

    def _read(self, paths: list[Path], progress: Progress) -> None:
        done, packets = 0, 0
        if paths:
            compile_kernels()
        for path in paths:
            with open_capture(path) as capture:
                for batch in capture:
                    self._process(batch)
                    if self._stopped:
                        return
                    packets += len(batch)
                    progress.show(done + capture.position, packets)
                done += capture.size
                progress.clear()
                self._judge(capture)

    def _process(self, batch: Batch) -> None:
        for part in self._pace.parts(batch):
            self._pipeline.process(part)
        batch.release()

    def _behold(self, events: list[Event]) -> None:
        """Write a batch's events, then let the watch see them together with what rules made of them."""
        alerts, matches = self._alerts.copy(), self._matches.copy()
        self._alerts.clear()
        self._matches.clear()
        self._on_events(events)
        self._tell(self._watch.take(events, alerts, matches))

    def _behold_logs(self, events: list[Event], findings: Findings) -> None:
        self._on_events(events)
        self._tell(self._watch.take(events, findings.alerts, findings.matches))

    def _tell(self, found: Found) -> None:
        if found.events:
            self._on_events(found.events)
        if found.alerts:
            self._on_alerts(found.alerts)

    def _judge(self, capture: CaptureFile) -> None:
        if capture.damage:
            self._faulty.append({"file": capture.path.name, "faults": capture.faults})
            damaged = text("replay.damaged", path=capture.path, fault=capture.damage)
            print(text("cli.warning", message=damaged), file=sys.stderr)
        for linktype, number in sorted(capture.unread.items()):
            unread = text("replay.unread-link", path=capture.path, linktype=linktype, number=number)
            print(text("cli.warning", message=unread), file=sys.stderr)
        self._unread += capture.unread

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopped = self._logs.stopped = True
        self._pace.stop()

    def _finish_output(self, seconds: float) -> int:
        if self._writer is None or self._out is None:
            return 0
        self._writer.close()
        written = json.dumps(self._stats(seconds), indent=2, ensure_ascii=False) + "\n"
        try:
            self._out.mkdir(parents=True, exist_ok=True)
            (self._out / "stats.json").write_text(written, encoding="utf-8")
        except OSError as error:
            _cannot_write(self._out / "stats.json", error)
            return self._writer.lost + 1
        return self._writer.lost

    def _stats(self, seconds: float) -> dict[str, Any]:
        """What `stats.json` holds. Under `timing` stands all that differs from run to run."""
        statistics, watch = self._pipeline.statistics(), self._watch.statistics()
        writer = self._writer
        kinds, levels, by_rule = self._logs.counts()
        return {
            "packets": statistics.packets.as_dict(),
            "flows": statistics.flows_total,
            "flows_evicted": statistics.flows_evicted,
            "events": _sum(statistics.events, watch.events, kinds),
            "alerts": _sum(statistics.alerts, watch.alerts, levels),
            "alerts_by_rule": _sum(statistics.alerts_by_rule, watch.alerts_by_rule, by_rule),
            "correlations": watch.correlations,
            "suppressed": watch.suppressed,
            "detectors": {
                name: {"entries": entries, "evicted": watch.evicted[name]}
                for name, entries in watch.entries.items()
            },
            "recognition": statistics.recognition,
            "weird_dropped": statistics.weird_dropped,
            "unread_linktypes": {str(link): number for link, number in sorted(self._unread.items())},
            "damaged_files": [*self._faulty, *self._logs.faulty],
            **self._logs.statistics(),
            "lines_lost": writer.lost + writer.encoder.unencodable if writer else 0,
            "timing": {
                "seconds": round(seconds, 3),
                "stages": {
                    stage: round(spent, 3)
                    for stage, spent in {
                        **statistics.stage_seconds,
                        "logs": self._logs.seconds,
                        "watch": watch.seconds,
                    }.items()
                },
                "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            },
        }


def _sum(*parts: dict[str, int]) -> dict[str, int]:
    names = sorted({name for part in parts for name in part})
    return {name: sum(part.get(name, 0) for part in parts) for name in names}


class _AlertPrinter:
    """Shows alerts as they come: sentences on a terminal, JSON lines to a program."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._encoder = EventEncoder()

    def __call__(self, alerts: list[Alert]) -> None:
        if self._terminal:
            print("\n".join(alert_line(alert, colour=True) for alert in alerts), flush=True)
        else:
            sys.stdout.write(self._encoder.encode_alerts(alerts).decode())
            sys.stdout.flush()


def _drop(events: list[Event]) -> None:
    pass


def _cannot_write(path: Path, error: OSError) -> None:
    failure = text("output.cannot-write", path=path, reason=error.strerror or error)
    print(text("cli.warning", message=failure), file=sys.stderr)
