"""The whole pipeline on a real capture while many other flows are open: `python bench/crowd.py CAPTURE FLOWS`.

Prints what it took as JSON. A process of its own, so that memory and processor time are its alone.
"""

from __future__ import annotations

import dataclasses
import json
import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from sentinel.kernel_cache import use_kernel_cache  # noqa: E402

use_kernel_cache()

import numpy as np  # noqa: E402

from bench.kernels import datagrams  # noqa: E402
from sentinel.capture.file import open_capture  # noqa: E402
from sentinel.collector import relax_collector  # noqa: E402
from sentinel.config import default_config  # noqa: E402
from sentinel.pipeline import Pipeline  # noqa: E402
from sentinel.rule import RuleSet  # noqa: E402

_BATCH = 16384
_EACH = 1024
"""Packets of the crowd between two batches of the capture."""


def measure(capture: Path, flows: int) -> dict[str, float]:
    """Open the flows, then take the capture through, packets of the crowd in between."""
    config = default_config(ROOT)
    config = dataclasses.replace(config, flow=dataclasses.replace(config.flow, udp_timeout=3600.0))
    pipeline = Pipeline(config, RuleSet.load(config.rule, config.root), lambda _: None, lambda _: None)
    relax_collector()
    first = 0
    with open_capture(capture) as batches:
        for batch in batches:
            first = int(batch.ts[0])
            break
    # Cut to its header each, so that nobody has a conversation with them: an open flow, no more.
    for start in range(0, flows, _BATCH):
        numbers = np.arange(start, min(start + _BATCH, flows))
        opening = datagrams(numbers, first - 10**9)
        opening.caplen[:] = 42
        pipeline.process(opening)
    random = np.random.default_rng(1)
    spent, packets = 0.0, 0
    with open_capture(capture) as batches:
        for batch in batches:
            crowd = datagrams(random.integers(0, flows, _EACH), int(batch.ts[-1]))
            crowd.caplen[:] = 42
            began = time.thread_time()
            pipeline.process(batch)
            pipeline.process(crowd)
            spent += time.thread_time() - began
            packets += len(batch) + len(crowd)
            batch.release()
    return {
        "ns": spent / packets * 1e9,
        "active": pipeline.statistics().flows_active,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]))))
