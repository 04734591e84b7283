"""Coverage-guided fuzzing by hand: `python tests/fuzz/fuzz_pipeline.py [whole|flow] [CORPUS] [libFuzzer options]`.

Needs `pip install atheris`.

The input is a capture file. Whatever it is, the pipeline (`whole`), or decoding and the flow table alone
(`flow`), must neither raise, nor hang, nor lose count of a packet. Kernels are compiled, so that only what
is Python guides the search.
"""

from __future__ import annotations

import dataclasses
import importlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from sentinel.kernel_cache import use_kernel_cache  # noqa: E402

use_kernel_cache()

# What numba compiles must not be instrumented: it is imported before.
for room in ("capture.file", "decode.decoder", "flow", "flow.conn", "flow.transcript"):
    importlib.import_module(f"sentinel.{room}")

with atheris.instrument_imports(include=["sentinel"]):
    from sentinel.capture.fault import CaptureError
    from sentinel.capture.file import open_capture
    from sentinel.config import default_config
    from sentinel.decode.decoder import Decoder
    from sentinel.flow.table import FlowTable
    from sentinel.pipeline import Pipeline
    from sentinel.rule import RuleSet

CONFIG = default_config(ROOT)
CONFIG = dataclasses.replace(CONFIG, flow=dataclasses.replace(CONFIG.flow, max_flows=4096))
RULES = RuleSet.load(CONFIG.rule, CONFIG.root)
TARGET = Path(tempfile.mkdtemp()) / "input.pcap"


def whole(data: bytes) -> None:
    """The pipeline with the rule pack."""
    TARGET.write_bytes(data)
    pipeline = Pipeline(CONFIG, RULES, lambda _: None, lambda _: None)
    try:
        with open_capture(TARGET) as capture:
            for batch in capture:
                pipeline.process(batch)
    except CaptureError:
        pass
    pipeline.finish()
    assert pipeline.statistics().packets.balanced()


def flow(data: bytes) -> None:
    """Decoding and the flow table."""
    TARGET.write_bytes(data)
    decoder, table = Decoder(CONFIG.decode), FlowTable(CONFIG.flow)
    try:
        with open_capture(TARGET) as capture:
            for batch in capture:
                packets = decoder.decode(batch)
                frames = packets.rows["frame"]
                assert not len(batch) or (frames[0] == 0 and frames[-1] == len(batch) - 1)
                for buffer, block in ((0, packets.data), (1, packets.spill)):
                    rows = packets.rows[packets.rows["buffer"] == buffer]
                    assert (rows["payload"] >= 0).all()
                    assert (rows["payload"] + rows["payload_len"] <= len(block)).all()
                for step in table.process(packets.rows, packets.data, packets.spill):
                    assert (step.work["length"] >= 0).all()
    except CaptureError:
        pass
    for _ in table.finish():
        pass
    assert table.count("active") == 0


TARGETS: dict[str, Callable[[bytes], None]] = {"whole": whole, "flow": flow}

if __name__ == "__main__":
    chosen = sys.argv.pop(1) if len(sys.argv) > 1 and sys.argv[1] in TARGETS else "whole"
    for kind in ((ROOT / "demo" / "demo.pcap").read_bytes(), b"\n\r\r\n" + bytes(24)):
        TARGETS[chosen](kind)  # compiles the kernels
    atheris.Setup(sys.argv, TARGETS[chosen])
    atheris.Fuzz()
