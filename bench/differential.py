"""The long form of the differential test: `python bench/differential.py --rules DIR --rounds 25`.

Engine and oracle on events made of every rule's own strings; exit 1 and the differences where they disagree.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "rule")]

from differential import Comparison, compare, documents  # noqa: E402

from bench.figure import Figure, as_json, as_table  # noqa: E402
from sentinel.rule.library import load_paths  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=Path, required=True, help="folder of Sigma rules")
    parser.add_argument("--rounds", type=int, default=25, help="events a rule")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rules = load_paths((str(options.rules),), Path("/")).rules
    parsed = documents(rules)
    result = Comparison()
    for number in range(options.rounds):
        compare(rules, parsed, 1, options.seed * 1000 + number, result)
    for difference in result.differences:
        print(difference, file=sys.stderr)
    figures = [
        Figure(
            "rules on which the engine and a slow, obvious evaluator differ",
            len(result.differences),
            most=0,
            note=f"{len(rules)} rules, {result.events} events of their own strings",
        ),
        Figure("  rules that held for some event", len(result.held)),
        Figure("  rules that did not for some", len(result.failed)),
    ]
    print(json.dumps(as_json(figures)) if options.json else as_table(figures))
    return 1 if result.differences and not options.json else 0


if __name__ == "__main__":
    sys.exit(main())
