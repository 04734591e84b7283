"""The long form of the differential test: `python bench/differential.py --rules DIR --rounds 25`.

Engine and oracle on events made of every rule's own strings; exit 1 and the differences where they disagree.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "rule"))

from differential import Comparison, compare, documents

from sentinel.rule.library import load_paths


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=Path, required=True, help="folder of Sigma rules")
    parser.add_argument("--rounds", type=int, default=25, help="events a rule")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rules = load_paths((str(options.rules),), Path("/")).rules
    parsed = documents(rules)
    result = Comparison()
    for number in range(options.rounds):
        compare(rules, parsed, 1, options.seed * 1000 + number, result)
    for difference in result.differences:
        print(difference)
    print(
        f"{len(rules)} rules, {result.events} events: {len(result.held)} rules held, "
        f"{len(result.failed)} did not, {len(result.differences)} differences"
    )
    return 1 if result.differences else 0


if __name__ == "__main__":
    sys.exit(main())
