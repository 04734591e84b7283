"""The cycle collector looks rarely, and still looks."""

from __future__ import annotations

import subprocess
import sys


def test_it_looks_rarely_and_still_frees_cycles() -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import gc, weakref\n"
            "from sentinel.collector import relax_collector\n"
            "relax_collector()\n"
            "class Ring: pass\n"
            "one = Ring(); one.self = one; seen = weakref.ref(one); del one\n"
            "gc.collect()\n"
            "print(gc.isenabled(), gc.get_threshold()[0] > 10_000, seen() is None)",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert said.stdout.split() == ["True", "True", "True"]
