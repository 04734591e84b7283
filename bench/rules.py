"""Speed of rules on records: `python bench/rules.py --rules DIR` with a folder of Sigma rules such as SigmaHQ's.

JSON lines in, alerts out, one core, user CPU time. Each figure is the best of several runs over the same lines,
so that what else runs on the machine shows as little as can be.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from records import traffic_events, windows_records

from sentinel.event import Event, Log
from sentinel.rule import Rule, RuleSet, RuleSettings
from sentinel.rule.library import load_paths

_BATCH = 500
_SERVICES = {
    "Microsoft-Windows-Sysmon/Operational": "sysmon",
    "Microsoft-Windows-PowerShell/Operational": "powershell",
    "Security": "security",
}


def cpu() -> float:
    """Seconds of this process's own work."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def best(runs: int, work: Callable[[], Any]) -> float:
    """The least CPU seconds of several runs."""
    least = float("inf")
    for _ in range(runs):
        began = cpu()
        work()
        least = min(least, cpu() - began)
    return least


def best_of_both(
    runs: int, one: Callable[[], Any], other: Callable[[], Any], number: int
) -> tuple[float, float]:
    """The least CPU seconds an item of two kinds of work, done by turns."""
    least = [float("inf"), float("inf")]
    for _ in range(runs):
        for place, work in enumerate((one, other)):
            least[place] = min(least[place], best(1, work) / number)
    return least[0], least[1]


def match_lines(rules: RuleSet, lines: Sequence[bytes]) -> int:
    """Alerts of Windows records as JSON lines."""
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    alerts = 0
    for first in range(0, len(lines), _BATCH):
        records = map(decode, lines[first : first + _BATCH])
        alerts += len(rules.match([_log(record) for record in records]))
    return alerts


def match_events(rules: RuleSet, events: Sequence[Event]) -> int:
    """Alerts of events of traffic."""
    return sum(len(rules.match(events[first : first + _BATCH])) for first in range(0, len(events), _BATCH))


def _log(record: dict[str, Any]) -> Event:
    return Log(
        ts=0.0,
        product="windows",
        service=_SERVICES.get(record["Channel"]),
        source="bench",
        host=record["Computer"],
        fields=record,
    )


def spread(rules: Sequence[Rule], number: int) -> list[Rule]:
    """Every so-manieth rule, in the order of their ids, which say nothing of what they are about."""
    ordered = sorted(rules, key=lambda rule: rule.id)
    return ordered[:: max(1, len(ordered) // number)][:number]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=Path, required=True, help="folder of Sigma rules")
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    began = time.perf_counter()
    compiled = load_paths((str(options.rules),), Path("/"))
    rules, problems = compiled.rules, compiled.problems
    whole = RuleSet(rules, problems)
    figures: dict[str, Any] = {
        "rules": len(rules),
        "refused": len([problem for problem in problems if not problem.informational]),
        "load_seconds": round(time.perf_counter() - began, 2),
    }
    lines = [msgspec.json.encode(record) for record in windows_records(options.events)]
    processes = [line for line in lines if b'"EventID":1,' in line]
    few = RuleSet(spread(rules, 100))
    began = time.perf_counter()
    match_lines(whole, lines[:2000])
    figures["first_2000_seconds"] = round(time.perf_counter() - began, 2)
    gc.freeze()
    every, hundred = best_of_both(
        options.runs, lambda: match_lines(whole, lines), lambda: match_lines(few, lines), len(lines)
    )
    process = best(options.runs, lambda: match_lines(whole, processes)) / len(processes)
    figures |= {
        "windows_events_a_second": round(1 / every),
        "windows_processes_alone_a_second": round(1 / process),
        "windows_alerts": match_lines(whole, lines),
        "mean_line_bytes": round(sum(map(len, lines)) / len(lines)),
        "whole_set_against_100_rules": round(every / hundred, 2),
    }
    settings = RuleSettings(paths=("rules", str(options.rules)))
    traffic = RuleSet.load(settings, Path(__file__).parents[1])
    events = traffic_events(options.events)
    each = best(options.runs, lambda: match_events(traffic, events)) / len(events)
    figures |= {"traffic_events_a_second": round(1 / each), "traffic_alerts": match_events(traffic, events)}
    if options.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:36}{figure}" for name, figure in figures.items()))


if __name__ == "__main__":
    main()
