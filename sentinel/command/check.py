"""`sentinel check`: everything that would hinder a start, all at once."""

from __future__ import annotations

import argparse
import errno
import glob
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sentinel.capture.filter import FilterError, NoLibpcap, compile_filter
from sentinel.capture.interface import can_capture, default_interface, list_interfaces
from sentinel.command.clock import clock_is_plausible, clock_is_synchronised
from sentinel.command.configuration import chosen_config, chosen_file
from sentinel.config import Config, ConfigError
from sentinel.config.quantity import write_size
from sentinel.desk.playbook import load_library
from sentinel.incident import Grading, IncidentError
from sentinel.intake.catalogue import Catalogue
from sentinel.intake.settings import SourceSettings
from sentinel.notify import ChannelSettings, FeedSettings
from sentinel.notify.examine import examine
from sentinel.rule import RuleSet
from sentinel.store.fault import StoreError
from sentinel.store.writer import examine_database
from sentinel.text import Message, text

__all__ = ["run"]

_LITTLE_DISK = 1 << 30
_NO_DISK = 64 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class _Verdict:
    grade: str
    """`ok`, `warning` or `error`: the ids `check.grade.*`."""
    message: Message | str


def run(options: argparse.Namespace) -> int:
    """Name all findings; exit 0 where the daemon can do its work, 1 where an error stands in the way."""
    verdicts = list(_verdicts(options))
    for verdict in verdicts:
        print(f"{text(f'check.grade.{verdict.grade}')} {verdict.message}")
    return 1 if any(verdict.grade == "error" for verdict in verdicts) else 0


def _verdicts(options: argparse.Namespace) -> Iterator[_Verdict]:
    config: Config | None
    try:
        config = chosen_config(options)
    except ConfigError as error:
        for finding in error.findings:
            yield _Verdict("error", str(finding))
        config = error.config
    else:
        file = chosen_file(options)
        yield _Verdict(
            "ok", Message("check.config", path=file.absolute()) if file else Message("check.no-config")
        )
    if config is not None:
        for part in (_rules, _intake, _incidents, _playbooks, _notify, _capture, _paths, _metrics):
            yield from part(config)
    yield from _cache()
    yield from _clock()


def _rules(config: Config) -> Iterator[_Verdict]:
    rules = RuleSet.load(config.rule, config.root)
    bad = [problem for problem in rules.problems if not problem.informational]
    for problem in bad:
        yield _Verdict("error", Message("agent.rule-problem", problem=problem))
    grade = "ok" if rules.rules else "warning"
    paths = ", ".join(config.rule.paths) or "-"
    yield _Verdict(grade, Message("check.rules", running=len(rules.rules), refused=len(bad), paths=paths))


def _intake(config: Config) -> Iterator[_Verdict]:
    catalogue = Catalogue.load([Path(folder) for folder in config.intake.formats])
    for problem in catalogue.problems:
        yield _Verdict("error", Message("replay.bad-format", problem=problem))
    for source in config.intake.sources:
        if source.format not in ("auto", *catalogue.formats):
            names = ", ".join(sorted(catalogue.formats))
            yield _Verdict("error", Message("replay.unknown-format", name=source.format, names=names))
        for pattern in source.paths:
            if source.kind == "file" and not glob.glob(pattern, recursive=True):
                yield _Verdict("warning", Message("check.no-log", name=source.name, path=pattern))
        if source.kind in ("udp", "tcp", "tls"):
            yield from _port(source)
    if config.intake.sources:
        yield _Verdict("ok", Message("check.sources", number=len(config.intake.sources)))


def _port(source: SourceSettings) -> Iterator[_Verdict]:
    """A port that another program has may be our own daemon's; one that we may not have never will be."""
    family = socket.AF_INET6 if ":" in source.listen else socket.AF_INET
    kind = socket.SOCK_DGRAM if source.kind == "udp" else socket.SOCK_STREAM
    try:
        with socket.socket(family, kind) as listener:
            if kind == socket.SOCK_STREAM:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((source.listen, source.port))
    except OSError as error:
        place = {"name": source.name, "address": source.listen, "port": source.port}
        grade = "error" if isinstance(error, PermissionError) else "warning"
        yield _Verdict(grade, Message("check.source-port", reason=error.strerror, **place))


def _incidents(config: Config) -> Iterator[_Verdict]:
    try:
        Grading.load(config.incident.clauses)
    except IncidentError as error:
        yield _Verdict("error", error.message)


def _playbooks(config: Config) -> Iterator[_Verdict]:
    library = load_library(config)
    refused = [problem for problem in library.problems if not problem.warning]
    for problem in library.problems:
        yield _Verdict("warning" if problem.warning else "error", str(problem))
    if library.playbooks or refused:
        values = {
            "running": len(library.playbooks),
            "refused": len({problem.path for problem in refused}),
            "paths": ", ".join(config.playbook.paths),
        }
        yield _Verdict("ok" if library.playbooks else "warning", Message("check.playbooks", **values))


def _notify(config: Config) -> Iterator[_Verdict]:
    """Secrets may be there for the daemon and not for who asks: what is missing is a warning."""
    ways: list[ChannelSettings | FeedSettings] = [*config.notify.channels, *config.notify.feeds]
    for way in ways:
        for reason in examine(way):
            yield _Verdict("warning", Message("check.channel", name=way.name, reason=reason))
    if any(not channel.drill for channel in config.notify.channels):
        yield _Verdict("ok", Message("check.channels", number=len(ways)))
    else:
        yield _Verdict("warning", Message("check.no-channel"))


def _capture(config: Config) -> Iterator[_Verdict]:
    capture = config.capture
    if not capture.enabled:
        yield _Verdict("warning", Message("check.capture-off"))
        return
    if missing := can_capture():
        yield _Verdict("error", missing)
    present = {interface.name: interface for interface in list_interfaces()}
    default = default_interface()
    wanted = capture.interfaces or ((default,) if default else ())
    if not wanted:
        yield _Verdict("error", Message("check.no-default-route"))
    for name in wanted:
        if name not in present:
            names = ", ".join(present)
            yield _Verdict("error", Message("check.no-interface", name=name, present=names))
        elif not present[name].up:
            yield _Verdict("warning", Message("check.interface-down", name=name))
        else:
            yield _Verdict("ok", Message("check.interface", name=name))
    try:
        compile_filter(capture.filter)
    except NoLibpcap as error:
        yield _Verdict("error", error.message)
    except FilterError:
        pass  # found with the configuration


def _paths(config: Config) -> Iterator[_Verdict]:
    output = config.output
    folders = [
        Path(config.store.path).parent,
        Path(config.incident.attachments),
        Path(config.playbook.evidence),
    ]
    folders += [Path(output.events)] if output.events not in ("", "-") else []
    folders += [Path(output.alerts).parent] if output.alerts not in ("", "-") else []
    for folder in dict.fromkeys(folders):
        yield from _folder(folder)
    try:
        examine_database(Path(config.store.path))
    except StoreError as error:
        yield _Verdict("error", error.message)


def _folder(folder: Path) -> Iterator[_Verdict]:
    standing = folder
    while not standing.exists() and standing != standing.parent:
        standing = standing.parent
    try:
        with tempfile.TemporaryFile(dir=standing):  # what no question tells: read-only, /proc, a quota
            pass
    except OSError as error:
        if error.errno not in _FULL:
            yield _Verdict("error", Message("check.not-writable", path=folder, standing=standing))
            return
    free = shutil.disk_usage(standing).free
    values = {"path": folder, "free": write_size(free >> 20 << 20)}
    if free < _NO_DISK:
        yield _Verdict("error", Message("check.disk-full", **values))
    else:
        yield _Verdict("warning" if free < _LITTLE_DISK else "ok", Message("check.disk", **values))


def _cache() -> Iterator[_Verdict]:
    """Where compiled kernels are kept: without room each start compiles them anew."""
    folder = os.environ.get("NUMBA_CACHE_DIR")
    if folder is None:
        yield _Verdict("warning", Message("check.no-cache"))
    elif (free := shutil.disk_usage(folder).free) < _NO_DISK:
        yield _Verdict("warning", Message("check.cache-full", path=folder, free=write_size(free >> 20 << 20)))
    else:
        yield _Verdict("ok", Message("check.cache", path=folder))


def _metrics(config: Config) -> Iterator[_Verdict]:
    metrics = config.metrics
    if not metrics.enabled:
        return
    place = {"address": metrics.listen, "port": metrics.port}
    family = socket.AF_INET6 if ":" in metrics.listen else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((metrics.listen, metrics.port))
    except OSError as error:
        yield _Verdict("warning", Message("check.metrics-busy", reason=error.strerror, **place))
    else:
        yield _Verdict("ok", Message("check.metrics", **place))


def _clock() -> Iterator[_Verdict]:
    now = time.strftime("%Y-%m-%d %H:%M:%S %z")
    if not clock_is_plausible(time.time()):
        yield _Verdict("error", Message("check.clock-wrong", now=now))
    synchronised = clock_is_synchronised()
    if synchronised is None:
        yield _Verdict("warning", Message("check.clock-unknown", now=now))
    elif synchronised:
        yield _Verdict("ok", Message("check.clock", now=now))
    else:
        yield _Verdict("warning", Message("check.clock-unsynchronised", now=now))
