"""What follows the packets, each part measured by a program of its own: processor time and memory are its alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from bench.figure import Figure, of_json

__all__ = ["correlation", "detectors", "differential", "incidents", "logs", "rules"]

ROOT: Final = Path(__file__).parents[1]
_SOURCES: Final = 10_000_000


def _told(program: str, *options: str | Path, cores: str = "0") -> Any:
    """What a program of this folder prints as JSON, run on one core unless told otherwise."""
    command = ["taskset", "-c", cores, sys.executable, ROOT / "bench" / program, *options, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{program}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def rules(folder: Path) -> list[Figure]:
    """A public collection of Sigma rules on records and on events of traffic."""
    _told(
        "rules.py", "--rules", folder, "--events", "2000", "--runs", "1"
    )  # fills the cache of compiled rules
    told = _told("rules.py", "--rules", folder)
    alerts = f"{told['windows_alerts']} alerts, {told['mean_line_bytes']} B a line"
    return [
        Figure("Sigma rules refused, each with its reason", told["refused"], note=f"{told['rules']} compile"),
        Figure("  loading them, compiled before", told["load_seconds"], "s", most=1.5),
        Figure("Windows records through all of them", told["windows_events_a_second"] / 1e3, "k/s", least=30,
               note=alerts),
        Figure("  process creations alone", told["windows_processes_alone_a_second"] / 1e3, "k/s"),
        Figure("  an event's cost against 100 rules", told["whole_set_against_100_rules"], most=3),
        Figure("events of traffic through them and our pack", told["traffic_events_a_second"] / 1e3, "k/s",
               least=100),
    ]  # fmt: skip


def correlation() -> list[Figure]:
    """Matches through one correlation of many groups."""
    told = _told("correlate.py", "--type", "event_count", "--groups", "100000")
    what = "matches through one event_count of 100 k groups"
    return [Figure(what, told["event_count"] / 1e3, "k/s", least=300)]


def detectors() -> list[Figure]:
    """The detectors under ordinary traffic, and under a flood of random sources."""
    return of_json(_told("watch.py", "--sources", str(_SOURCES)))


def logs() -> list[Figure]:
    """Lines of logs into events."""
    return of_json(_told("intake.py"))


def differential(folder: Path) -> list[Figure]:
    """The engine against the oracle on a public collection of Sigma rules."""
    return of_json(_told("differential.py", "--rules", folder, "--rounds", "6"))


def incidents() -> list[Figure]:
    """Alerts into incidents, outbox and channel: storms, a steady stream, a million of them, sudden deaths."""
    return [
        figure
        for what in ("storm", "steady", "million", "kill")
        for figure in of_json(_told("incident.py", what, cores="0-1"))
    ]
