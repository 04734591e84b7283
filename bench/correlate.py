"""Measures correlations: `python bench/correlate.py [--matches N] [--groups N]`. Prints matches a second for each type.

Matches are made before the clock starts: what is measured is the correlator alone, on one core, with every
group touched again and again in random order, none of them firing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

RULES = """title: Base
name: base
id: base
logsource: {{category: test}}
detection: {{s: {{a: b}}, condition: s}}
---
title: Other
name: other
id: other
logsource: {{category: test}}
detection: {{s: {{a: c}}, condition: s}}
---
title: C
id: c
correlation:
  type: {type}
  rules: [base{more}]
  group-by: [src]
  timespan: 5m
  condition: {{gte: 1000{field}}}
"""
TYPES = {
    "event_count": ("", ""),
    "value_count": ("", ", field: port"),
    "value_sum": ("", ", field: port"),
    "value_median": ("", ", field: port"),
    "temporal": (", other", ""),
    "temporal_ordered": (", other", ""),
}


def measure(sort: str, matches: int, groups: int) -> tuple[float, int]:
    """Matches a second of processor time, the best of three runs; and bytes that the state takes."""
    from sentinel.rule import Correlator, Match, RuleSet, RuleSettings
    from sentinel.rule.settings import CorrelationSettings

    more, field = TYPES[sort]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rules.yml").write_text(RULES.format(type=sort, more=more, field=field))
        rules = RuleSet.load(RuleSettings(paths=("rules.yml",)), Path(folder))
    rng = random.Random(1)
    sources = [f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in range(groups)]
    taken = [
        Match(
            ts=1e9 + number / 3000,
            kind="conn",
            hits={"base": {"src": (source := sources[rng.randrange(groups)]), "port": rng.randrange(65536)}},
            uid=f"C{number}",
            src=source,
            dst="192.0.2.1",
        )
        for number in range(matches)
    ]
    best, state = 0.0, 0
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_SELF)
        correlator = Correlator(rules.links, CorrelationSettings(groups=2 * groups))
        correlator.take(taken)
        after = resource.getrusage(resource.RUSAGE_SELF)
        best = max(best, matches / (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
        state = max(state, (after.ru_maxrss - before.ru_maxrss) * 1024)
        del correlator
    return best, state


def main() -> None:
    """Print a line for each type."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--matches", type=int, default=1_000_000)
    options.add_argument("--groups", type=int, default=100_000)
    options.add_argument("--type", choices=TYPES, action="append")
    options.add_argument("--json", action="store_true", help="matches a second by type, nothing else")
    given = options.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if given.json:
        speeds = {sort: measure(sort, given.matches, given.groups)[0] for sort in given.type or TYPES}
        print(json.dumps(speeds))
        return
    for sort in given.type or TYPES:
        began = time.perf_counter()
        speed, state = measure(sort, given.matches, given.groups)
        print(
            f"{sort:17} {speed / 1e3:7.0f} k matches/s  {given.groups} groups"
            f"  state {state / 1e6:5.0f} MB  ({time.perf_counter() - began:.0f} s in all)",
            flush=True,
        )


if __name__ == "__main__":
    main()
